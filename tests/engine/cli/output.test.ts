import assert from "node:assert/strict";
import fc from "fast-check";
import { alignColumns } from "../../../engine/cli/output/columns.ts";
import { sizeText } from "../../../engine/cli/output/size.ts";
import { timeAgo } from "../../../engine/cli/output/time.ts";

describe("alignColumns", () => {
  it("puts tabs between columns, as many as bring the next to one place", () => {
    assert.deepEqual(
      alignColumns([
        ["ID", "NAME", "SIZE"],
        ["sha512-0123456789ab", "a", "1KiB"],
      ]),
      ["ID\t\t\tNAME\tSIZE", "sha512-0123456789ab\ta\t1KiB"],
    );
  });

  it("begins a column at one place in every row", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, fc.constant("|")), { minLength: 1, maxLength: 5 }),
        (rows) => {
          const places = alignColumns(rows).map((line) => columnOf(line, line.indexOf("|")));
          assert.equal(new Set(places).size, 1);
        },
      ),
    );
  });
});

describe("sizes and times", () => {
  it("are told as rkt tells them", () => {
    assert.deepEqual([0, 720_896, 1_400_000, 209_715_200].map(sizeText), [
      "0B",
      "704KiB",
      "1.3MiB",
      "200MiB",
    ]);
    const now = Date.UTC(2026, 0, 10);
    const ago = (seconds: number): string => timeAgo(now - seconds * 1000, now);
    assert.deepEqual([0, 1, 59, 60, 7200, 86_400, 8 * 86_400, -60].map(ago), [
      "now",
      "1 second ago",
      "59 seconds ago",
      "1 minute ago",
      "2 hours ago",
      "1 day ago",
      "1 week ago",
      "1 minute from now",
    ]);
  });
});

/** Where a terminal with tabs of eight shows what stands at an index. */
function columnOf(line: string, index: number): number {
  let column = 0;
  for (const letter of line.slice(0, index))
    column = letter === "\t" ? column + 8 - (column % 8) : column + 1;
  return column;
}
