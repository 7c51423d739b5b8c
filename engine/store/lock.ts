import { spawn } from "node:child_process";
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { Fault } from "../../errors/fault.ts";
import { diskFault, hasCode } from "../../errors/diskFault.ts";

export type LockMode = "shared" | "exclusive";

/** Held until released, or until this process ends, in whatever way. */
export interface Lock {
  release(): void;
}

const TAKEN = 75;

/** Waits until nobody holds it in a way that excludes this one. */
export async function lock(path: string, mode: LockMode): Promise<Lock> {
  const taken = await acquire(path, mode, []);
  if (taken === undefined) throw new Error(`flock did not wait for ${path}`);
  return taken;
}

/** Undefined when somebody else holds it. */
export async function tryLock(path: string, mode: LockMode): Promise<Lock | undefined> {
  return await acquire(path, mode, ["--nonblock", "--conflict-exit-code", String(TAKEN)]);
}

/** Runs something while the lock is held. */
export async function locked<T>(path: string, mode: LockMode, work: () => T | Promise<T>): Promise<T> {
  const held = await lock(path, mode);
  try {
    return await work();
  } finally {
    held.release();
  }
}

/**
 * Node cannot flock(2); the program of util-linux can, on a descriptor that it inherits. The lock belongs to the open
 * file and not to the process that asked for it, so it stays with us when the program has ended.
 */
async function acquire(path: string, mode: LockMode, options: readonly string[]): Promise<Lock | undefined> {
  for (;;) {
    const descriptor = openLockFile(path);
    try {
      const code = await flock(descriptor, [`--${mode}`, ...options, "3"]);
      if (code === TAKEN) {
        closeSync(descriptor);
        return undefined;
      }
      if (code !== 0) throw new Fault({ what: `cannot lock ${path}`, got: `flock ended with ${code}` });
      if (isStillThere(path, descriptor)) {
        return {
          release: once(() => {
            closeSync(descriptor);
          }),
        };
      }
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    // Whoever held it before removed the file: a lock on what nobody else can open protects nothing.
    closeSync(descriptor);
  }
}

function openLockFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_CREAT, 0o660);
  } catch (error) {
    throw diskFault(error);
  }
}

function isStillThere(path: string, descriptor: number): boolean {
  try {
    const named = statSync(path);
    const open = fstatSync(descriptor);
    return named.ino === open.ino && named.dev === open.dev;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

function flock(descriptor: number, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("flock", args, { stdio: ["ignore", "ignore", "ignore", descriptor] });
    child.on("error", (error) => {
      reject(
        hasCode(error, "ENOENT")
          ? new Fault({ what: "flock is not installed", remedy: "install the package util-linux" })
          : error,
      );
    });
    child.on("exit", (code) => {
      resolve(code ?? 1);
    });
  });
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
