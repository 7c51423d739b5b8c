import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { journalOf, recordJournal } from "../../../engine/pods/journal.ts";

const run = "0123456789abcdef0123456789abcdef";

describe("where the journal has a pod's output", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rktnetes-journal-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** By a process whose standard output is the file that the variable tells of, or is another one. */
  function record(stream: "that" | "another"): void {
    const script = `
      import { fstatSync } from "node:fs";
      import { recordJournal } from ${JSON.stringify(join(import.meta.dirname, "../../../engine/pods/journal.ts"))};
      const { dev, ino } = fstatSync(1, { bigint: true });
      const stream = ${JSON.stringify(stream)} === "that" ? [dev, ino].join(":") : "1:1";
      recordJournal(${JSON.stringify(folder)}, { INVOCATION_ID: ${JSON.stringify(run)}, JOURNAL_STREAM: stream });`;
    execFileSync(process.execPath, ["--input-type=module", "--eval", script]);
  }

  it("is written down where the output goes to the journal", () => {
    record("that");
    assert.equal(journalOf(folder), run);
  });

  it("is nowhere where the output goes elsewhere, or no service started the pod", () => {
    record("another");
    assert.equal(journalOf(folder), undefined);
    recordJournal(folder, {});
    assert.equal(journalOf(folder), undefined);
  });

  it("is not read from what is no invocation", () => {
    writeFileSync(join(folder, "journal"), "--all");
    assert.equal(journalOf(folder), undefined);
  });
});
