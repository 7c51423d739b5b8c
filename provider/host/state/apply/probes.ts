/** Waits until a role's probes succeed on the host. */
import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import { Fault } from "../../../../errors/fault.ts";
import type { probeSchema } from "../../desired.ts";
import { orAborted } from "../../remote/abort.ts";
import { sh } from "../../remote/quote.ts";
import { tail, type HostWork } from "../../remote/work.ts";
import { journalOf } from "./units.ts";

type Probe = z.infer<typeof probeSchema>;

const FIRST_PAUSE_MILLISECONDS = 50;
const LONGEST_PAUSE_MILLISECONDS = 500;
/** A probe that hangs is given up and tried again. */
const ATTEMPT_SECONDS = 15;

export async function runProbes(work: HostWork, probes: Readonly<Record<string, Probe>>): Promise<void> {
  await Promise.all(Object.entries(probes).map(async ([name, probe]) => runProbe(work, name, probe)));
}

async function runProbe(work: HostWork, name: string, probe: Probe): Promise<void> {
  const deadline = Date.now() + probe.timeoutSeconds * 1000;
  for (let wait = FIRST_PAUSE_MILLISECONDS; ; wait = Math.min(wait * 1.5, LONGEST_PAUSE_MILLISECONDS)) {
    // What the probe leaves running must not hold the host's lock.
    const result = await work.attempt(
      `waits for ${name}`,
      sh`timeout -k 2 ${ATTEMPT_SECONDS} ${probe.command} 2>&1 9>&-`,
    );
    if (result.code === 0) return;
    if (Date.now() >= deadline) {
      const said = tail(work.redactor.clean(result.stdout.toString("utf8")), 6);
      const journal =
        probe.unit === undefined
          ? ""
          : `\nthe end of ${probe.unit}'s journal:\n${await journalOf(work, probe.unit)}`;
      throw new Fault({
        what: `the probe "${name}" did not succeed within ${probe.timeoutSeconds} s`,
        where: work.host,
        got: `exit code ${result.code}`,
        cause: `${said}${journal}`,
        remedy: `run it on the host: ${probe.command.join(" ")}`,
      });
    }
    await orAborted(work.signal, pause(wait));
  }
}
