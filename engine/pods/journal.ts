import { fstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFileSync } from "../wholeFiles.ts";

const RECORD = "journal";

/**
 * Writes down where the journal has this pod's output: under the run of the service that starts it. systemd says by
 * JOURNAL_STREAM which file that is; from a shell, or with the output led elsewhere, there is nothing to write.
 */
export function recordJournal(
  folder: string,
  { INVOCATION_ID: run, JOURNAL_STREAM: stream }: Readonly<Record<string, string | undefined>> = process.env,
): void {
  if (run === undefined || stream === undefined || ![1, 2].some((output) => identityOf(output) === stream))
    return;
  replaceFileSync(join(folder, RECORD), run, { mode: 0o640 });
}

/** The invocation of a service under which the journal has a pod's output. */
export function journalOf(folder: string): string | undefined {
  try {
    const run = readFileSync(join(folder, RECORD), "utf8").trim();
    return /^[0-9a-f]{32}$/.test(run) ? run : undefined;
  } catch {
    return undefined;
  }
}

function identityOf(descriptor: number): string | undefined {
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // it is closed
  }
}
