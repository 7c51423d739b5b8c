import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

const MOST_LINKS = 40;

/**
 * Where a path of an app's root lies on the host. Links are followed as the app would see them, and lead nowhere
 * outside: an image is not to be trusted with names of the host. Undefined where there is nothing.
 */
export function resolveInsideRoot(root: string, path: string): string | undefined {
  let links = 0;
  const pending = path.split("/").reverse();
  const reached: string[] = [];
  while (pending.length > 0) {
    const part = pending.pop() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      reached.pop();
      continue;
    }
    const here = join(root, ...reached, part);
    const stat = lstatSync(here, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) {
      reached.push(part);
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) return undefined;
    const target = readlinkSync(here);
    if (target.startsWith("/")) reached.length = 0;
    pending.push(...target.split("/").reverse());
  }
  return join(root, ...reached);
}

/** The text of a regular file of an app's root; undefined where there is none. */
export function readInsideRoot(root: string, path: string): string | undefined {
  const file = resolveInsideRoot(root, path);
  if (file === undefined) return undefined;
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat?.isFile() === true ? readFileSync(file, "utf8") : undefined;
}
