/** Running the programs that make parts of the package. */
import { spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";

import { Fault } from "../../errors/fault.ts";

export interface ToolOptions {
  /** What to do where the program fails or is not there. */
  readonly remedy: string;
  readonly cwd?: string;
  readonly input?: Uint8Array;
}

/** Its standard output. */
export async function runTool(
  program: string,
  args: readonly string[],
  { remedy, cwd, input }: ToolOptions,
): Promise<string> {
  const child = spawn(program, args, {
    env: { ...process.env, LC_ALL: "C" },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve(code ?? 1);
    });
  });
  // A program that ends without reading says so by its exit code.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  try {
    const [code, output, said] = await Promise.all([ended, buffer(child.stdout), text(child.stderr)]);
    if (code === 0) return output.toString("utf8");
    throw new Error(said.trim().split("\n").slice(-8).join("\n"));
  } catch (cause) {
    const where = [program, ...args].join(" ").slice(0, 200);
    throw new Fault({ what: `${program} failed`, where, cause, remedy });
  }
}
