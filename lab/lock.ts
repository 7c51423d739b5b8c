/**
 * Locks that end with their holder. The kernel drops an flock when the last process that holds the file ends;
 * Node has no flock, so a child holds it, which ends when its standard input closes: on release, and when
 * this process is killed.
 */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

export async function withLock<T>(file: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const release = await acquire(file, signal);
  try {
    return await work();
  } finally {
    await release();
  }
}

function acquire(file: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo held && exec cat >/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
      // Out of reach of a terminal's interrupt: the lock lasts until the work has been put in order.
      detached: true,
    });
    const ended = new Promise<void>((done) =>
      holder.once("close", () => {
        done();
      }),
    );
    const abort = (): void => {
      holder.stdin.end();
      holder.kill("SIGTERM");
      reject(new Error("interrupted while waiting for another run to finish with the lab"));
    };
    signal?.addEventListener("abort", abort, { once: true });
    holder.once("error", reject);
    holder.once("close", (code) => {
      reject(new Error(`flock ${file} ended with ${code ?? "a signal"}`));
    });
    holder.stdout.once("data", () => {
      signal?.removeEventListener("abort", abort);
      resolve(async () => {
        holder.stdin.end();
        await ended;
      });
    });
  });
}
