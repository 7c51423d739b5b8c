import assert from "node:assert/strict";
import { chooseStage1 } from "../../../engine/pods/chooseStage1.ts";
import type { Stage1Choice } from "../../../engine/pods/requests.ts";

function chosen(
  choice: Stage1Choice,
  stage1: { name?: string; version?: string; location?: string } = {},
): string {
  return chooseStage1(choice, {
    configuration: { auth: new Map(), dockerAuth: new Map(), paths: {}, stage1 },
    folders: { data: "/d", system: "/s", local: "/l", library: "/usr/lib/rkt" },
  });
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

  it("believes a file only where the package put it", () => {
    assert.equal(chosen({ from: "path", value: "/usr/lib/rkt/stage1-images/stage1-fly.aci" }), "fly");
    assert.throws(() => chosen({ from: "path", value: "/tmp/stage1-fly.aci" }), /this stage1 cannot be run/);
  });
});
