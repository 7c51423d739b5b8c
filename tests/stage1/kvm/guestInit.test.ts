import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { guestInit, guestPod, guestStart } from "../../../stage1/kvm/guestInit.ts";

describe("what runs inside a virtual machine", () => {
  for (const [name, text] of [
    ["the first process", guestInit],
    [
      "the pod's part",
      guestPod(
        "it's",
        ["a", "b"],
        [1, 2],
        [{ name: "eth0", addresses: ["10.0.0.2/24"], routes: ["default via 10.0.0.1"] }],
      ),
    ],
    ["an app's start", guestStart(["/become", "--", "sh", "-c", "echo 'a' \"$b\""])],
  ] as const) {
    it(`is shell that can be read: ${name}`, () => {
      const read = spawnSync("sh", ["-n"], { input: text, encoding: "utf8" });
      assert.equal(read.stderr, "");
      assert.equal(read.status, 0);
    });
  }

  it("adjusts how soon an app is ended for want of memory before it starts", () => {
    assert.equal(guestStart(["/become"], -500), "echo -500 >/proc/self/oom_score_adj\nexec '/become'\n");
  });

  it("starts an app with its words as they were", () => {
    const words = ["printf", "[%s]", "it's", "$HOME", "two\nlines", ""];
    assert.equal(
      spawnSync("sh", { input: guestStart(words), encoding: "utf8" }).stdout,
      "[it's][$HOME][two\nlines][]",
    );
  });
});
