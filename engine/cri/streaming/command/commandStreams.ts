/** What a command in a container is connected to, by whatever it is carried. */
import type { Readable, Writable } from "node:stream";

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** Which streams a request asks for. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface CommandStreams {
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  /** The terminal's sizes as they change; ends with the connection. */
  readonly sizes: AsyncIterable<TerminalSize>;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Tells how it ended, after everything that was written, and closes the connection. */
  finish(end: CommandEnd): Promise<void>;
}

/** How a command ended, or why it could not be run. */
export type CommandEnd = { readonly exitCode: number } | { readonly failure: string };

/** Of protocols from version 4 on: a status of Kubernetes as JSON. */
export function statusOf(end: CommandEnd): string {
  if ("failure" in end) {
    const message = `Internal error occurred: ${end.failure}`;
    return JSON.stringify({ metadata: {}, status: "Failure", message, reason: "InternalError", code: 500 });
  }
  if (end.exitCode === 0) return JSON.stringify({ metadata: {}, status: "Success" });
  return JSON.stringify({
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${end.exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(end.exitCode) }] },
  });
}

/** Of the protocols before: a sentence, or nothing where all went well. */
export function sentenceOf(end: CommandEnd): string {
  if ("failure" in end) return `Internal error occurred: ${end.failure}`;
  return end.exitCode === 0 ? "" : `command terminated with non-zero exit code: exit status ${end.exitCode}`;
}
