import assert from "node:assert/strict";
import { chooseStage1 } from "../../../engine/pods/chooseStage1.ts";
import type { Stage1Choice } from "../../../engine/pods/requests.ts";

function chosen(
  choice: Stage1Choice,
  stage1: { name?: string; version?: string; location?: string } = {},
): string {
  const words = chooseStage1(choice, {
    configuration: { auth: new Map(), dockerAuth: new Map(), paths: {}, stage1 },
    folders: { data: "/d", system: "/s", local: "/l", library: "/usr/lib/rkt" },
  });
  return words.from === "package" ? words.flavour : `${words.from} ${words.value}`;
}

describe("the choice of a stage1", () => {
  it("is oci where nobody says anything", () => {
    assert.equal(chosen({ from: "default" }), "oci");
  });

  it("is what the configuration names, and what the command line names before that", () => {
    const configured = { name: "coreos.com/rkt/stage1-fly", version: "1.30.0" };
    assert.equal(chosen({ from: "default" }, configured), "fly");
    assert.equal(chosen({ from: "name", value: "coreos.com/rkt/stage1-kvm:1.30.0" }, configured), "kvm");
  });

  it("knows upstream's name of the flavour that is built on systemd", () => {
    assert.equal(chosen({ from: "folder", fileName: "stage1-coreos.aci" }), "host");
  });

  it("takes a file for the package's own only where the package put it", () => {
    assert.equal(chosen({ from: "path", value: "/usr/lib/rkt/stage1-images/stage1-fly.aci" }), "fly");
    assert.equal(chosen({ from: "path", value: "/tmp/stage1-fly.aci" }), "reference /tmp/stage1-fly.aci");
    assert.equal(
      chosen({ from: "path", value: "/usr/lib/rkt/stage1-images/../../tmp/stage1-fly.aci" }),
      "reference /usr/lib/tmp/stage1-fly.aci",
    );
  });

  it("is anything that can be fetched", () => {
    assert.equal(
      chosen({ from: "name", value: "example.com/stage1-mine:1" }),
      "reference example.com/stage1-mine:1",
    );
    assert.equal(chosen({ from: "hash", value: "sha512-aa" }), "hash sha512-aa");
    assert.equal(
      chosen({ from: "default" }, { location: "https://example.com/s.aci" }),
      "reference https://example.com/s.aci",
    );
  });
});
