/**
 * Locks that end with their holder. The kernel drops an flock when the last process that holds the file ends;
 * Node has no flock, so a child holds it, which ends when its standard input closes: on release, and when
 * this process is killed.
 */
import { spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** The file goes with each release, so whoever waited for it may have got one that is there no more. */
const holderScript = `
exec 9>>"$1"
flock --exclusive 9
if [ "$1" -ef /proc/self/fd/9 ]; then echo held; exec cat >/dev/null; else echo stale; fi`;

export async function withLock<T>(file: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  let release = await acquire(file, signal);
  while (release === "stale") release = await acquire(file, signal);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
    await release();
  }
}

async function acquire(file: string, signal?: AbortSignal): Promise<"stale" | (() => Promise<void>)> {
  signal?.throwIfAborted();
  await mkdir(dirname(file), { recursive: true });
  return new Promise((resolve, reject) => {
    const holder = spawn("sh", ["-c", holderScript, "lock", file], {
      stdio: ["pipe", "pipe", "inherit"],
      // Out of reach of a terminal's interrupt: the lock lasts until the work has been put in order.
      detached: true,
    });
    const ended = new Promise<void>((done) => {
      holder.once("close", () => {
        done();
      });
    });
    const abort = (): void => {
      holder.kill("SIGTERM");
      reject(new Error(`interrupted while waiting for another run to finish (${file})`));
    };
    signal?.addEventListener("abort", abort, { once: true });
    holder.once("error", reject);
    holder.once("close", (code) => {
      reject(new Error(`the holder of ${file} ended with ${code ?? "a signal"}`));
    });
    holder.stdout.once("data", (answer: Buffer) => {
      signal?.removeEventListener("abort", abort);
      if (answer.toString().trim() !== "held") {
        resolve("stale");
        return;
      }
      resolve(async () => {
        holder.stdin.end();
        await ended;
      });
    });
  });
}
