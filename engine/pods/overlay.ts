import { readFileSync, statfsSync } from "node:fs";
import { release } from "node:os";

const OVERLAYFS_MAGIC = 0x794c7630;

/** Why no overlay can be made with its upper folder here; undefined where it can. */
export function overlayObstacle(data: string): string | undefined {
  if (!knowsOverlay(readFileSync("/proc/filesystems", "utf8"), modules)) {
    return "the kernel does not know overlay";
  }
  if (statfsSync(data).type === OVERLAYFS_MAGIC) return `${data} lies on an overlay itself`;
  return undefined;
}

/** Debian's kernels have it as a module, which the first mount loads: until then it is among the modules alone. */
export function knowsOverlay(filesystems: string, moduleList: () => string): boolean {
  return /\boverlay\b/.test(filesystems) || /\/overlay\.ko(\.[a-z]+)?:/.test(moduleList());
}

function modules(): string {
  try {
    return readFileSync(`/lib/modules/${release()}/modules.dep`, "utf8");
  } catch {
    return ""; // a container has none, and the kernel's filesystems are all that it will have
  }
}
