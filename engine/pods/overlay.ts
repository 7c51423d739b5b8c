import { readFileSync, statfsSync } from "node:fs";

const OVERLAYFS_MAGIC = 0x794c7630;

/** Why no overlay can be made with its upper folder here; undefined where it can. */
export function overlayObstacle(data: string): string | undefined {
  if (!/\boverlay\b/.test(readFileSync("/proc/filesystems", "utf8")))
    return "the kernel does not know overlay";
  if (statfsSync(data).type === OVERLAYFS_MAGIC) return `${data} lies on an overlay itself`;
  return undefined;
}
