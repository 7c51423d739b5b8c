/** Runs a command on this machine. */
import { spawn } from "node:child_process";
import { Fault } from "../../../errors/fault.ts";
import { redacted } from "../../../provider/protocol/redaction.ts";
import type { OperationContext } from "../../../provider/protocol/resource.ts";
import { archiveOf, assetsOf } from "./assets.ts";
import type { RunSettings } from "./inputs.ts";
import { LineSplitter } from "./lines.ts";
import { failureOf, trimmed, type Ending, type Outcome } from "./outcome.ts";

/** Commands that run now; a command and all that it started form one process group. */
const groups = new Set<number>();
process.on("exit", () => {
  for (const group of groups) endGroup(group);
});

export async function runLocally(
  command: string,
  settings: RunSettings,
  context: OperationContext,
): Promise<Outcome> {
  const ending = await run(command, settings, context);
  const folder = settings.dir ?? process.cwd();
  if (ending.code !== 0) throw failureOf(ending, command, `this machine, ${folder}`, settings.secrets);
  return {
    stdout: trimmed(ending.stdout),
    stderr: trimmed(ending.stderr),
    ...(settings.assetPaths === undefined ? {} : { assets: await assetsOf(folder, settings.assetPaths) }),
    ...(settings.archivePaths === undefined
      ? {}
      : { archive: await archiveOf(folder, settings.archivePaths) }),
  };
}

function run(command: string, settings: RunSettings, context: OperationContext): Promise<Ending> {
  const [program = "/bin/sh", ...leading] = settings.interpreter;
  context.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...leading, command], {
      cwd: settings.dir,
      env: { ...process.env, ...settings.environment },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    const output = new Output(settings, context);
    const group = child.pid;
    if (group !== undefined) groups.add(group);
    const interrupt = (): void => {
      if (group !== undefined) endGroup(group);
    };
    const deadline =
      context.timeoutSeconds > 0 ? setTimeout(interrupt, context.timeoutSeconds * 1000) : undefined;
    context.signal.addEventListener("abort", interrupt, { once: true });
    const settle = (): void => {
      clearTimeout(deadline);
      context.signal.removeEventListener("abort", interrupt);
      if (group !== undefined) groups.delete(group);
    };
    child.stdout.on("data", (chunk: Buffer) => {
      output.stdout(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output.stderr(chunk);
    });
    child.once("error", (cause) => {
      settle();
      reject(
        new Fault({
          what: "the command cannot be started",
          where: settings.dir ?? process.cwd(),
          got: program,
          cause,
        }),
      );
    });
    child.once("close", (code, signal) => {
      settle();
      resolve(output.ending(code, signal));
    });
    // A command need not read what it is given.
    child.stdin.on("error", () => undefined);
    child.stdin.end(settings.stdin ?? "");
  });
}

function endGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch (error) {
    // It may have ended by itself in this very moment.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Gathers what a command says, and shows it line by line if that is wished. */
export class Output {
  #stdout = "";
  #stderr = "";
  #said = "";
  readonly #out: LineSplitter;
  readonly #err: LineSplitter;

  constructor(settings: RunSettings, context: OperationContext) {
    const show = (line: string): void => {
      context.log.info(redacted(line, settings.secrets));
    };
    const ignore = (): void => undefined;
    this.#out = new LineSplitter(settings.logsStdout ? show : ignore);
    this.#err = new LineSplitter(settings.logsStderr ? show : ignore);
  }

  stdout(chunk: Buffer): void {
    const text = this.#out.write(chunk);
    this.#stdout += text;
    this.#said += text;
  }

  stderr(chunk: Buffer): void {
    const text = this.#err.write(chunk);
    this.#stderr += text;
    this.#said += text;
  }

  ending(code: number | null, signal: string | null): Ending {
    this.#out.end();
    this.#err.end();
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr, said: this.#said };
  }
}
