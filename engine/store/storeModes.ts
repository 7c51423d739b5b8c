import { chmodSync, chownSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { hasCode } from "../../errors/diskFault.ts";

/** Members of this group may fetch and list. */
export const storeGroup = "rkt";

/** The group's number; undefined where there is none. Read from the file: a call to NSS would be a child process. */
export function groupNumber(name: string, file = "/etc/group"): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const fields = text
    .split("\n")
    .map((line) => line.split(":"))
    .find(([group]) => group === name);
  return fields?.[2] === undefined ? undefined : Number(fields[2]);
}

/** Makes a folder with exactly this mode, whatever the umask; one that is there and another's stays as it is. */
export function makeFolder(path: string, mode: number, group: number | undefined): void {
  mkdirSync(path, { recursive: true });
  const { uid } = statSync(path);
  if (process.geteuid?.() !== uid) return;
  if (uid === 0 && group !== undefined) chownSync(path, 0, group);
  chmodSync(path, mode);
}

/** The folder a file goes into. It inherits its group from the one above; members of the group may write to it. */
export function makeParent(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder);
  } catch (error) {
    if (hasCode(error, "EEXIST")) return;
    if (!hasCode(error, "ENOENT")) throw error;
    makeParent(folder);
    makeParent(path);
    return;
  }
  chmodSync(folder, 0o2770);
}
