/** Connects a program of this host with a client's streams: `crun exec`, for one, which has the container's side. */
import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { hasCode } from "../../../../errors/diskFault.ts";
import type { CommandEnd, CommandStreams } from "./commandStreams.ts";
import { followSizes } from "./terminal.ts";

export interface Program {
  readonly words: readonly [string, ...string[]];
  /** Give it a terminal of its own, which it and the client see. */
  readonly tty: boolean;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs it to its end. When the client goes, it gets a SIGHUP, as a program does whose terminal goes. */
export async function connectProcess(program: Program, streams: CommandStreams): Promise<CommandEnd> {
  const [command, ...words] = program.tty ? inTerminal(program.words) : program.words;
  const child = spawn(command, words, {
    stdio: ["pipe", "pipe", "pipe"],
    ...(program.environment !== undefined && { env: program.environment }),
  });
  const { stdin, stdout, stderr } = child;
  const leave = (): void => {
    child.kill("SIGHUP");
    // Whoever goes on after that gets no more to read, and nobody hears it.
    stdin.destroy();
  };
  const ended = endOf(child);
  if (streams.signal.aborted) leave();
  streams.signal.addEventListener("abort", leave, { once: true });
  const sizes = program.tty ? followSizes(child, streams.sizes) : undefined;
  takeInput(streams.stdin, stdin);
  const outputs = Promise.all([passOn(stdout, streams.stdout), passOn(stderr, streams.stderr)]);
  try {
    const end = await ended;
    await outputs;
    await sizes;
    return end;
  } finally {
    streams.signal.removeEventListener("abort", leave);
  }
}

/** script makes a terminal, runs a shell's command in it, and ends as the command does. */
function inTerminal(words: readonly string[]): [string, ...string[]] {
  return [
    "script",
    "--quiet",
    "--return",
    "--flush",
    "--command",
    `exec ${words.map(quoted).join(" ")}`,
    "/dev/null",
  ];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

async function endOf(child: ChildProcess): Promise<CommandEnd> {
  return await new Promise((resolve) => {
    child.once("error", (error) => {
      resolve({ failure: error.message });
    });
    child.once("close", (code, signal) => {
      resolve({ exitCode: code ?? 128 + signalNumber(signal) });
    });
  });
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}

/** What the program does not want to hear is left unsaid; without a client's input there is none at all. */
function takeInput(from: Readable | undefined, to: Writable): void {
  to.on("error", (error) => {
    if (!hasCode(error, "EPIPE", "ERR_STREAM_DESTROYED")) to.destroy();
  });
  if (from === undefined) to.end();
  else from.pipe(to);
}

/** Resolves when all of it has gone to the client, who still has to hear how the program ended. */
async function passOn(from: Readable, to: Writable | undefined): Promise<void> {
  for await (const chunk of from) {
    if (to === undefined || to.destroyed || to.writableEnded) continue;
    await new Promise<void>((resolve) => {
      // A client that has gone is known by its signal.
      to.write(chunk, () => {
        resolve();
      });
    });
  }
}
