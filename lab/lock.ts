/**
 * Locks that end with their holders. Node has no flock, but a child that is handed an open file can take the
 * lock on it, and then it is held by whoever has that file open: by this process, and by every worker that it
 * hands the file to. When this process is killed, the next one waits until those workers have ended as well.
 */
import { spawn } from "node:child_process";
import { mkdir, open, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { isMissing } from "./files.ts";

/** A lock that is held, to hand to workers (`RunOptions.holding`). */
export interface Lock {
  readonly fd: number;
}

export async function withLock<T>(
  file: string,
  work: (lock: Lock) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(file, "a", 0o600);
    try {
      await lock(handle, file, signal);
      // The file goes with each release: whoever waited for it may have got one that is there no more.
      if (!(await isStillThere(handle, file))) continue;
      try {
        return await work(handle);
      } finally {
        await rm(file, { force: true });
      }
    } finally {
      await handle.close();
    }
  }
}

function lock(handle: FileHandle, file: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const flock = spawn("flock", ["--exclusive", "3"], { stdio: ["ignore", "ignore", "inherit", handle.fd] });
    const abort = (): void => {
      flock.kill("SIGTERM");
      reject(new Error(`interrupted while waiting for another run to finish (${file})`));
    };
    signal?.addEventListener("abort", abort, { once: true });
    flock.once("error", reject);
    flock.once("close", (code) => {
      signal?.removeEventListener("abort", abort);
      if (code === 0) resolve();
      else reject(new Error(`${file} could not be locked: flock ended with ${code ?? "a signal"}`));
    });
  });
}

async function isStillThere(handle: FileHandle, file: string): Promise<boolean> {
  const held = await handle.stat();
  try {
    return (await stat(file)).ino === held.ino;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
