import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { handoverScript } from "../../../stage1/interface/handoverScript.ts";

describe("a handover as a shell's line", () => {
  it("arrives as it was, whatever is in its words", () => {
    const words = ["a b", "it's", "$HOME", "`id`", "", "*", "\\", "two\nlines"];
    const script = handoverScript({
      program: "/usr/bin/printf",
      arguments: ["[%s]", ...words],
      environment: { ODD: "'\"$x" },
    });
    assert.equal(
      spawnSync("sh", ["-c", script], { encoding: "utf8" }).stdout,
      words.map((word) => `[${word}]`).join(""),
    );
  });
});
