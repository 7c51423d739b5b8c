import { lstatSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { replaceFileSync } from "../engine/wholeFiles.ts";
import { cgroupRoot, scopeOf, type PodCgroup } from "./machine.ts";

const RECORD = "cgroup";

/** Written before the first cgroup is made, so that they are found after any kind of death. */
export function recordCgroups(folder: string, cgroup: PodCgroup): void {
  replaceFileSync(join(folder, RECORD), cgroup.path);
}

/**
 * Removes what is left of a dead pod's cgroups. systemd clears those of the hierarchies that it uses itself; crun has
 * made them in every one.
 */
export function removeCgroups(
  folder: string,
  uuid: string,
  apps: readonly string[],
  root = cgroupRoot,
): void {
  let path: string;
  try {
    path = readFileSync(join(folder, RECORD), "utf8");
  } catch {
    return; // it died before it had any
  }
  const isOwn = path.endsWith(`/${scopeOf(uuid)}`) || path.endsWith(`/rkt-${uuid}`);
  for (const hierarchy of hierarchies(root)) {
    const pod = join(hierarchy, path);
    // Under a service the cgroup is the service's: only what is the pod's in it goes.
    if (isOwn) removeTree(pod);
    else for (const app of apps) removeTree(join(pod, `app-${app}`));
  }
}

function hierarchies(root: string): readonly string[] {
  const mounted = namesOf(root).filter((name) => lstatSync(join(root, name)).isDirectory());
  return namesOf(root).includes("cgroup.controllers") ? [root] : mounted.map((name) => join(root, name));
}

/** A cgroup's files are the kernel's: only folders are removed, and one that is in use stays. */
function removeTree(folder: string): void {
  for (const name of namesOf(folder)) {
    const child = join(folder, name);
    if (lstatSync(child, { throwIfNoEntry: false })?.isDirectory() === true) removeTree(child);
  }
  try {
    rmdirSync(folder);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ENOENT" && code !== "EBUSY") throw error;
  }
}

function namesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
