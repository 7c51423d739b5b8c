/** Golden files: texts under tests/golden/ that are read in review. UPDATE_GOLDEN=1 writes them anew. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FOLDER = join(import.meta.dirname, "../golden");

export function assertGolden(name: string, actual: string): void {
  const file = join(FOLDER, `${name}.golden`);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  const missing = `tests/golden/${name}.golden is missing: run the test with UPDATE_GOLDEN=1 and review the file`;
  assert.ok(existsSync(file), missing);
  const expected = readFileSync(file, "utf8");
  if (actual === expected) return;
  const message = `${file} says otherwise; if the change is meant, run with UPDATE_GOLDEN=1 and review it`;
  // With these, mocha shows which lines differ.
  throw Object.assign(new Error(message), { actual, expected, showDiff: true });
}
