import assert from "node:assert/strict";
import fc from "fast-check";
import { textDiff } from "../../../../provider/host/state/text-diff.ts";

describe("the difference of two texts", () => {
  it("is the lines that differ", () => {
    assert.deepEqual(textDiff("a\nb\nc\n", "a\nB\nc\nd\n"), ["- b", "+ B", "+ d"]);
    assert.deepEqual(textDiff("same\n", "same\n"), []);
  });

  it("stays short, and says how much more there is", () => {
    const shown = textDiff("", Array.from({ length: 40 }, (_, index) => `line ${index}`).join("\n"));
    assert.equal(shown.length, 8);
    assert.equal(shown.at(-1), "… and 33 lines more");
  });

  it("shows of a long line the part that changed", () => {
    const long = (word: string): string => `${"x".repeat(300)} ${word} ${"y".repeat(300)}`;
    const shown = textDiff(long("before"), long("after"));
    assert.equal(shown.length, 2);
    assert.match(shown[0] ?? "", /^- ….*before/);
    assert.match(shown[1] ?? "", /^\+ ….*after/);
    assert.ok(shown.every((line) => line.length < 130));
  });

  it("takes out and puts in exactly what leads from one text to the other", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const counts = new Map<string, number>();
        const add = (line: string, by: number): unknown => counts.set(line, (counts.get(line) ?? 0) + by);
        for (const line of before) add(line, 1);
        for (const change of textDiff(before.join("\n"), after.join("\n"))) {
          add(change.slice(2), change.startsWith("+") ? 1 : -1);
        }
        for (const line of after) add(line, -1);
        assert.ok([...counts.values()].every((count) => count === 0));
      }),
    );
  });
});
