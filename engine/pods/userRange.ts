import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../errors/diskFault.ts";
import type { UserRange } from "../../stage1/users/mappedMounts.ts";
import { inPod } from "./podFolders.ts";

/** The host's users that a pod has for itself, if it has any. */
export function privateUsersOf(folder: string): UserRange | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, inPod.privateUsers), "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  const match = /^(\d+):(\d+)$/.exec(text.trim());
  return match === null ? undefined : { first: Number(match[1]), count: Number(match[2]) };
}
