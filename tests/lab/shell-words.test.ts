import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { shellAssignments } from "../../lab/shell-words.ts";

describe("values for the shell", () => {
  it("arrive in bash as they were, whatever they hold", () => {
    const word = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 4 }), (single, list) => {
        const script = `${shellAssignments({ SINGLE: single, LIST: list })}printf '%s\\0' "$SINGLE" "\${LIST[@]}" end`;
        const printed = execFileSync("bash", ["-c", script], { encoding: "utf8" });
        assert.deepEqual(printed.split("\0").slice(0, -1), [single, ...list, "end"]);
      }),
      { numRuns: 20 },
    );
  });
});
