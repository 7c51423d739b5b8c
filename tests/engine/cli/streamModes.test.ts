import assert from "node:assert/strict";
import { attachMode } from "../../../engine/cli/flags/streamModes.ts";

describe("rkt attach --mode", () => {
  it("takes what there is, or lists it", () => {
    assert.equal(attachMode("auto"), "auto");
    assert.equal(attachMode(""), "auto");
    assert.equal(attachMode("list"), "list");
  });

  it("takes streams by their names, and both ways of a terminal by one", () => {
    assert.deepEqual(attachMode("stdin,stderr"), ["stdin", "stderr"]);
    assert.deepEqual(attachMode("tty"), ["tty-in", "tty-out"]);
    assert.deepEqual(attachMode("tty-out"), ["tty-out"]);
  });

  it("says in rkt's words what cannot be", () => {
    assert.deepEqual(attachMode("stdin,nose"), { mistake: 'unknown endpoint "nose"' });
    assert.deepEqual(attachMode("stdin,tty"), {
      mistake: 'incompatible endpoints "stdin,tty", cannot simultaneously attach TTY and streams',
    });
  });
});
