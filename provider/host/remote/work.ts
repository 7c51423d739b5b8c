/** What every piece of work on a host is handed: named steps with progress, and errors without secrets. */
import { Fault } from "../../../errors/fault.ts";
import type { Log } from "../../protocol/resource.ts";
import type { StepResult } from "./driver.ts";
import { orAborted } from "./abort.ts";
import type { HostSession } from "./session.ts";
import type { Redactor } from "./redact.ts";

export interface StepOptions {
  /** What to do when it fails. */
  readonly remedy?: string | undefined;
  readonly onOutput?: (chunk: string) => void;
}

export class HostWork {
  readonly host: string;
  readonly session: HostSession;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;

  constructor(session: HostSession, host: string, log: Log, redactor: Redactor, signal: AbortSignal) {
    this.session = session;
    this.host = host;
    this.log = log;
    this.redactor = redactor;
    this.signal = signal;
  }

  progress(line: string): void {
    this.log.progress(`${this.host}: ${this.redactor.clean(line)}`);
  }

  /** A step that must succeed. */
  async step(name: string, script: string, options: StepOptions = {}): Promise<StepResult> {
    const result = await this.attempt(name, script, options);
    if (result.code === 0) return result;
    throw this.fault(name, result, options.remedy);
  }

  /** A step whose failure is the caller's to judge. */
  async attempt(name: string, script: string, options: StepOptions = {}): Promise<StepResult> {
    this.signal.throwIfAborted();
    this.progress(name);
    return orAborted(this.signal, this.session.run(script, options.onOutput));
  }

  fault(name: string, result: StepResult, remedy?: string): Fault {
    const said = this.redactor.clean(tail(result.stderr));
    const full = isDiskFull(said);
    return new Fault({
      what: `${name} failed`,
      where: this.host,
      got: `exit code ${result.code}`,
      ...(said === "" ? {} : { cause: said }),
      ...(full
        ? {
            remedy:
              "make room on the host (df -h; journalctl --vacuum-size=100M; apt-get clean), then run again",
          }
        : remedy === undefined
          ? {}
          : { remedy }),
    });
  }
}

/** tar does not always give the reason for a write that fell short. */
export function isDiskFull(said: string): boolean {
  return /No space left on device|Disk quota exceeded|Wrote only \d+ of \d+ bytes/i.test(said);
}

/** The last lines of what a program said. */
export function tail(text: string, lines = 12): string {
  return text
    .trimEnd()
    .split("\n")
    .slice(-lines)
    .map((line) => (line.length > 400 ? `${line.slice(0, 400)}…` : line))
    .join("\n");
}
