/**
 * A root shell on the host that runs small scripts one after another, each only when it arrives: a cut
 * connection stops the host's work at the next step.
 */
import { randomBytes } from "node:crypto";
import { ConnectionLost, type Channel } from "./channel.ts";
import { EndFinder } from "./step-result.ts";

export interface StepResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A driver that hears nothing for this long ends itself, so that a vanished operator does not hold the lock. */
const SILENCE_SECONDS = 120;
const HEARTBEAT_MILLISECONDS = 30_000;

/**
 * The shell's own program. A frame is a line `S <length>` or `D <length>` and a script of that many bytes:
 * S runs it in a subshell, D in the shell itself (for what must stay open, such as the lock). The shell
 * reads its program from standard input byte by byte and no further than the line it runs, so frames may
 * follow at once.
 */
function driverProgram(token: string): string {
  return `unset BASH_ENV ENV CDPATH GLOBIGNORE
export LC_ALL=C HOME=/root DEBIAN_FRONTEND=noninteractive SYSTEMD_PAGER= SYSTEMD_COLORS=0
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
rktnetes_main() {
  local kind size script code
  umask 022
  cd /
  printf '\\0%s %d\\n' ${token} "$EUID" >&2
  printf '\\0%s %d\\n' ${token} "$EUID"
  while IFS=' ' read -r -t ${SILENCE_SECONDS} kind size; do
    if [ "$kind" = P ]; then continue; fi
    IFS= read -r -d '' -N "$size" script || exit 1
    if [ "$kind" = D ]; then
      eval "$script" </dev/null
      code=$?
    else
      ( set -euo pipefail; eval "$script" ) </dev/null
      code=$?
    fi
    printf '\\0%s %d\\n' ${token} "$code" >&2
    printf '\\0%s %d\\n' ${token} "$code"
  done
}
rktnetes_main; exit 0
`;
}

interface Pending {
  stdout: { output: Buffer; code: number } | undefined;
  stderr: { output: Buffer; code: number } | undefined;
  readonly onOutput: ((chunk: string) => void) | undefined;
  readonly resolve: (result: StepResult) => void;
  readonly reject: (error: Error) => void;
}

/** Why a driver did not come up: what the command said and how it ended. */
export class DriverRefused extends Error {
  readonly said: string;
  readonly code: number | undefined;

  constructor(said: string, code: number | undefined) {
    super(said === "" ? "the shell ended without a word" : said);
    this.name = "DriverRefused";
    this.said = said;
    this.code = code;
  }
}

export class Driver {
  readonly #channel: Channel;
  readonly #finders: { readonly stdout: EndFinder; readonly stderr: EndFinder };
  #pending: Pending | undefined;
  #greeted = false;
  #ended: Error | undefined;
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(channel: Channel, token: string) {
    this.#channel = channel;
    this.#finders = { stdout: new EndFinder(token), stderr: new EndFinder(token) };
    channel.onStdout((chunk) => {
      this.#arrived("stdout", chunk);
    });
    channel.onStderr((chunk) => {
      this.#arrived("stderr", chunk);
    });
    this.#heartbeat = setInterval(() => {
      // A failing write shows as the channel's end, which every step waits for.
      channel.write("P 0\n").catch(() => undefined);
    }, HEARTBEAT_MILLISECONDS);
    this.#heartbeat.unref();
    void channel.closed.then((exit) => {
      clearInterval(this.#heartbeat);
      const said = this.#finders.stderr.rest.toString("utf8").trim();
      const refused = new DriverRefused(said, exit.code);
      this.#ended = this.#greeted ? new ConnectionLost(refused) : refused;
      this.#pending?.reject(this.#ended);
      this.#pending = undefined;
    });
  }

  /** Starts the program in the shell behind the channel and waits for its first sign. */
  static async start(channel: Channel): Promise<Driver> {
    const token = randomBytes(16).toString("hex");
    const driver = new Driver(channel, token);
    const hello = await driver.#exchange(driverProgram(token), undefined);
    driver.#greeted = true;
    if (hello.code !== 0) {
      driver.close();
      throw new DriverRefused(`the shell runs as user id ${hello.code}, not as root`, undefined);
    }
    return driver;
  }

  get usable(): boolean {
    return this.#ended === undefined;
  }

  /** Runs a script in a subshell with `set -euo pipefail`. */
  async run(script: string, onOutput?: (chunk: string) => void): Promise<StepResult> {
    return this.#exchange(frame("S", script), onOutput);
  }

  /** Runs a script in the driver's own shell, whose open files every later step inherits. */
  async runInDriver(script: string): Promise<StepResult> {
    return this.#exchange(frame("D", script), undefined);
  }

  close(): void {
    this.#channel.close();
  }

  async #exchange(
    text: string | Buffer,
    onOutput: ((chunk: string) => void) | undefined,
  ): Promise<StepResult> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#pending !== undefined) throw new Error("a driver runs one step at a time");
    const result = new Promise<StepResult>((resolve, reject) => {
      this.#pending = { stdout: undefined, stderr: undefined, onOutput, resolve, reject };
    });
    const written = this.#channel.write(text);
    // The result tells of a broken channel; the write's own complaint adds nothing to it.
    written.catch(() => undefined);
    return result;
  }

  #arrived(stream: "stdout" | "stderr", chunk: Buffer): void {
    this.#pending?.onOutput?.(chunk.toString("utf8"));
    for (const end of this.#finders[stream].push(chunk)) {
      const pending = this.#pending;
      if (pending === undefined) continue;
      pending[stream] = end;
      if (pending.stdout === undefined || pending.stderr === undefined) continue;
      this.#pending = undefined;
      pending.resolve({
        code: pending.stdout.code,
        stdout: pending.stdout.output,
        stderr: pending.stderr.output.toString("utf8"),
      });
    }
  }
}

function frame(kind: "S" | "D", script: string): Buffer {
  const body = Buffer.from(`${script}\n`);
  return Buffer.concat([Buffer.from(`${kind} ${body.length}\n`), body]);
}
