/** A `pulumi up` that is killed at a moment, and what its death leaves running. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Finished } from "../../commands/program.ts";
import { eventually } from "./await.ts";
import type { Chance } from "./seed.ts";
import type { StackUnderTest } from "./stack-under-test.ts";

/** Progress counts, not seconds: the same seed meets the same work on a slow machine. */
export interface Moment {
  readonly resourcesDone: number;
  readonly millisecondsLater: number;
}

/** The moment when a run tells of something. */
export interface Telling {
  readonly tells: RegExp;
}

export function momentBy(chance: Chance, most: number): Moment {
  return { resourcesDone: chance.between(1, most), millisecondsLater: chance.between(0, 1500) };
}

/** How it ended, and whether the moment came before its end. */
export async function killedAt(
  stack: StackUnderTest,
  verb: "up" | "destroy",
  moment: Moment | Telling,
): Promise<{ readonly finished: Finished; readonly killed: boolean }> {
  let pid = 0;
  let done = 0;
  let said = "";
  let due: Promise<void> | undefined;
  let killed = false;
  let ended = false;
  const finished = await stack.pulumi([verb, "--yes", "--skip-preview"], {
    onStart: (started) => {
      pid = started;
    },
    onOutput: (text) => {
      done += [...text.matchAll(/ (?:created|deleted) \(/g)].length;
      said += text;
      const isReached = "tells" in moment ? moment.tells.test(said) : done >= moment.resourcesDone;
      if (!isReached || due !== undefined) return;
      due = delay("tells" in moment ? 0 : moment.millisecondsLater).then(() => {
        // Only ever the process that this test has started, and only while it is not reaped.
        if (!ended) killed = process.kill(pid, "SIGKILL");
      });
    },
    onExit: () => {
      ended = true;
    },
  });
  await due;
  return { finished, killed };
}

/** The plugins of a killed run end by themselves, soon: nobody goes on writing. */
export async function pluginsEnd(stack: StackUnderTest, seconds: number): Promise<void> {
  await eventually(
    "the plugins of the killed run to end",
    async () => {
      assert.deepEqual(await pluginsOf(stack), []);
    },
    { seconds },
  );
}

async function pluginsOf(stack: StackUnderTest): Promise<string[]> {
  const lines = await Promise.all(
    (await readdir("/proc"))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) =>
        (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " "),
      ),
  );
  const folder = stack.checkout.folder;
  return lines.filter((line) => line.includes(`${folder}/`) && /provider|language-host/.test(line));
}
