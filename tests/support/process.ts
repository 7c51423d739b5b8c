/** Runs a program and keeps what it says; one that fails unexpectedly fails the test with all of it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { Finished } from "../../commands/program.ts";

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  /** Called with the process number once it runs. */
  readonly onStart?: (pid: number) => void;
  /** Called when the process has ended, which may be before its outputs have. */
  readonly onExit?: () => void;
  /** Called with each piece of either output. */
  readonly onOutput?: (text: string) => void;
}

export function runProcess(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: "SIGKILL" }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => {
      stdout.push(chunk);
      options.onOutput?.(chunk.toString("utf8"));
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr.push(chunk);
      options.onOutput?.(chunk.toString("utf8"));
    });
    child.stdin.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") reject(error);
    });
    child.on("error", reject);
    child.on("exit", () => options.onExit?.());
    child.on("close", (code, signal) => {
      resolve({
        code: code ?? 255,
        stdout: Buffer.concat(stdout).toString("utf8"),
        stderr: `${Buffer.concat(stderr).toString("utf8")}${signal === null ? "" : `\nended by ${signal}`}`,
      });
    });
    child.stdin.end(options.stdin ?? "");
    if (child.pid !== undefined) options.onStart?.(child.pid);
  });
}

/** What it printed, when it ended well. */
export function succeeded(finished: Finished, what: string): string {
  assert.equal(finished.code, 0, `${what} ended with ${finished.code}\n${saidBy(finished)}`);
  return finished.stdout;
}

/** All that it said, when it failed as it should. */
export function failed(finished: Finished, what: string): string {
  assert.notEqual(finished.code, 0, `${what} should have failed\n${saidBy(finished)}`);
  return saidBy(finished);
}

export function saidBy(finished: Finished): string {
  return `${finished.stdout}\n${finished.stderr}`;
}
