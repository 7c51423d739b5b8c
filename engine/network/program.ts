import { spawn } from "node:child_process";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. One that is not there ends with 127, as in a shell. */
export function run(
  program: string,
  args: readonly string[],
  given: { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: given.env === undefined ? process.env : { ...process.env, ...given.env },
      stdio: [given.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // It may end without reading what it is told; its exit code says the rest.
    child.stdin?.on("error", () => undefined);
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") resolve({ code: 127, stdout: "", stderr: error.message });
      else reject(error);
    });
    child.on("close", (code, signal) => {
      resolve({
        code: code ?? 255,
        stdout,
        stderr: signal === null ? stderr : `${stderr}ended by ${signal}`,
      });
    });
    child.stdin?.end(given.stdin);
  });
}
