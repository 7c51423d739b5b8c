/** The size of a terminal that script(1) has made for a program. */
import { execFile, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { hasCode } from "../../../../errors/diskFault.ts";
import type { TerminalSize } from "./commandStreams.ts";

/** Sets each size as it comes, until the client's sizes or the program end. */
export async function followSizes(script: ChildProcess, sizes: AsyncIterable<TerminalSize>): Promise<void> {
  const iterator = sizes[Symbol.asyncIterator]();
  const over = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    script.once("close", () => {
      resolve({ done: true, value: undefined });
    });
  });
  for (;;) {
    const next = await Promise.race([iterator.next(), over]);
    if (next.done === true) return;
    await setSize(script, next.value);
  }
}

async function setSize({ pid, exitCode }: ChildProcess, { width, height }: TerminalSize): Promise<void> {
  const terminal = pid === undefined || exitCode !== null ? undefined : await childOf(pid);
  if (terminal === undefined) return;
  const words = ["-F", `/proc/${terminal}/fd/0`, "rows", String(height), "cols", String(width)];
  await promisify(execFile)("stty", words).catch((error: unknown) => {
    // The program may end at any moment, and its terminal with it.
    if (!(error instanceof Error && "stderr" in error)) throw error;
  });
}

/** Between script's own start and its child's there is a moment, of whose end nobody tells. */
const STEPS = 200;
const STEP_MILLISECONDS = 5;

/** The first process in the terminal; undefined when it has ended already. */
async function childOf(pid: number): Promise<string | undefined> {
  for (let step = 0; step < STEPS; step += 1) {
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch((error: unknown) => {
      if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
      throw error;
    });
    const first = text?.trim().split(" ")[0];
    if (first !== "") return first;
    await delay(STEP_MILLISECONDS);
  }
  return undefined;
}
