/**
 * Only one build at a time in a cache. The lock is the kernel's (flock), held by a small child that ends when this
 * process does, however that ends: nothing stale is ever left.
 */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";

import { Fault } from "../errors/fault.ts";

export interface BuildLock {
  release(): Promise<void>;
}

/** Takes the lock, waiting for another run's end; `onWait` hears once of whom we wait for. */
export async function takeLock(path: string, onWait: (holder: string) => void): Promise<BuildLock> {
  const immediate = await hold(path, ["--nonblock"]);
  if (immediate !== undefined) return immediate;
  onWait((await readFile(`${path}.holder`, "utf8").catch(() => "unknown")).trim());
  const awaited = await hold(path, []);
  if (awaited === undefined) throw new Fault({ what: "could not lock the cache", where: path });
  return awaited;
}

async function hold(path: string, options: readonly string[]): Promise<BuildLock | undefined> {
  // `cat` ends when our side of its standard input closes. A session of its own keeps the terminal's Ctrl-C away.
  const child = spawn("flock", [...options, path, "sh", "-c", "echo locked && exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", (cause) => {
      reject(new Fault({ what: "could not run flock", remedy: "install util-linux", cause }));
    });
    child.once("close", resolve);
  });
  const locked = new Promise<"locked">((resolve) => {
    child.stdout.once("data", () => {
      resolve("locked");
    });
  });
  const outcome = await Promise.race([locked, ended]);
  if (outcome === 1 && options.includes("--nonblock")) return undefined;
  if (outcome !== "locked")
    throw new Fault({
      what: "could not lock the cache",
      where: path,
      got: `flock ended with ${String(outcome)}`,
    });
  await writeFile(`${path}.holder`, `${String(process.pid)}\n`);
  return {
    async release() {
      child.stdin.end();
      await ended;
    },
  };
}
