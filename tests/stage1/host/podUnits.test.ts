import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { podUnits, recordScript } from "../../../stage1/host/podUnits.ts";

describe("the units of a pod", () => {
  it("have names that no app can have", () => {
    const services = [...podUnits(["web"]).keys()].filter((name) => name.endsWith(".service"));
    // An app's name is made of small letters, digits and dashes.
    assert.deepEqual(
      services.filter((name) => /^[a-z0-9-]+\.service$/.test(name)),
      [],
    );
    assert.equal(services.length, 3);
  });

  it("end the pod after every app", () => {
    assert.match(podUnits(["a", "b"]).get("rkt_finished.service") ?? "", /^After=a\.service b\.service$/m);
  });

  it("record an app's code with shell that can be read", () => {
    const read = spawnSync("sh", ["-n"], { input: recordScript, encoding: "utf8" });
    assert.equal(read.stderr, "");
  });
});
