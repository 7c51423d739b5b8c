import assert from "node:assert/strict";
import { enteringProcess } from "../../../stage1/oci/enter.ts";

const ofApp = {
  args: ["/bin/app"],
  terminal: true,
  env: ["PATH=/bin", "TERM=xterm"],
  user: { uid: 1000, gid: 1001, additionalGids: [7] },
  capabilities: { bounding: ["CAP_CHOWN"] },
  noNewPrivileges: true,
};

describe("a process that enters an app", () => {
  it("has all that the app's has but the command and the terminal", () => {
    const entering = enteringProcess(ofApp, ["/bin/sh"], false, "screen");
    assert.deepEqual(entering, {
      ...ofApp,
      args: ["/bin/sh"],
      terminal: false,
      env: ["PATH=/bin", "TERM=screen"],
    });
  });

  it("has no TERM where whoever enters has none", () => {
    assert.deepEqual(enteringProcess(ofApp, [], false, undefined), {
      ...ofApp,
      args: [],
      terminal: false,
      env: ["PATH=/bin"],
    });
  });
});
