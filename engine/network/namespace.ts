import { closeSync, mkdirSync, openSync, rmSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { NetworkPlaces } from "./places.ts";
import { POD_VARIABLE } from "./plugin.ts";
import { run } from "./program.ts";

export function namespacePath(places: NetworkPlaces, uuid: string): string {
  return join(places.namespaces, `cni-${uuid}`);
}

/** Makes a network namespace that lasts without a process in it, with its loopback up. */
export async function pinNamespace(path: string, uuid: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  closeSync(openSync(path, "a", 0o444));
  const ended = await run("unshare", [`--net=${path}`, "ip", "link", "set", "lo", "up"], {
    env: { [POD_VARIABLE]: uuid },
  });
  if (ended.code === 0) return;
  throw new Fault({
    what: "failed to setup network: failed to create new netns",
    where: path,
    cause: ended.stderr.trim(),
  });
}

/** What statfs says of a namespace's file, once it is pinned to its path. */
const NSFS = 0x6e736673;

export function isPinned(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

/** Lets go of a namespace; its interfaces go with the last process in it. */
export async function unpinNamespace(path: string): Promise<void> {
  while (isPinned(path)) {
    const ended = await run("umount", ["--", path]);
    if (ended.code !== 0 && isPinned(path)) {
      throw new Fault({
        what: "cannot let go of a pod's network namespace",
        where: path,
        cause: ended.stderr.trim(),
      });
    }
  }
  rmSync(path, { force: true });
}
