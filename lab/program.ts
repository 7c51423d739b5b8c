/** Runs other programs. A failure carries what the program said. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Fault } from "../errors/fault.ts";
import type { Lock } from "./lock.ts";

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Gets each line of both outputs as it comes. */
  readonly onLine?: (line: string) => void;
  /** What the program is for, as in "build the base tree"; the head of the error. */
  readonly purpose?: string;
  /** A lock that is held until this program has ended too, even if its starter is killed. */
  readonly holding?: Lock;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to the end, whatever the exit code. */
export function attempt(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe", ...(options.holding === undefined ? [] : [options.holding.fd])],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const { stdin, stdout: out, stderr: err } = child;
    if (stdin === null || out === null || err === null) throw new Error(`${program} has no pipes`);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    out.on("data", (chunk: Buffer) => stdout.push(chunk));
    err.on("data", (chunk: Buffer) => stderr.push(chunk));
    if (options.onLine !== undefined) {
      createInterface(out).on("line", options.onLine);
      createInterface(err).on("line", options.onLine);
    }
    // A program that ends without reading its input is judged by its exit code, not by the broken pipe.
    stdin.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") reject(error);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ENOENT" ? missing(program, options.purpose) : error);
    });
    child.on("close", (code, signal) => {
      const text = Buffer.concat(stderr).toString();
      resolve({
        code: code ?? 255,
        stdout: Buffer.concat(stdout).toString(),
        stderr: signal === null ? text : `${text}ended by ${signal}`,
      });
    });
    stdin.end(options.input ?? "");
  });
}

/** Runs and gives what the program printed; an exit code other than 0 is a fault. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const finished = await attempt(program, args, options);
  if (finished.code !== 0) {
    throw new Fault({
      what: options.purpose === undefined ? `${program} failed` : `could not ${options.purpose}`,
      got: `exit code ${finished.code} of: ${[program, ...args].join(" ").slice(0, 400)}`,
      cause: (finished.stderr.trim() || finished.stdout.trim()).slice(-2000),
    });
  }
  return finished.stdout;
}

function missing(program: string, purpose: string | undefined): Fault {
  return new Fault({
    what: `the program ${program} is not installed`,
    ...(purpose === undefined ? {} : { where: purpose }),
    remedy: "run the lab through make, which installs what it needs, or install it with apt",
  });
}
