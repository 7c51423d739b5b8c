import assert from "node:assert/strict";
import { verdictIn } from "../../../stage1/kvm/accelerator.ts";

describe("the verdict on the processor's own virtualisation", () => {
  it("is kept until the machine boots again", () => {
    const kept = "one\ntcg\nno kernel boots\n";
    assert.deepEqual(verdictIn(kept, "one"), { accelerator: "tcg", reason: "no kernel boots" });
    assert.equal(verdictIn(kept, "two"), undefined);
  });

  it("is none where nothing or something else is kept", () => {
    for (const text of ["", "one", "one\nhvf\n"]) assert.equal(verdictIn(text, "one"), undefined);
  });
});
