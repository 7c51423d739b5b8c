import { accessSync, constants, statSync } from "node:fs";
import { posix } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { resolveInsideRoot } from "../insideRoot.ts";

/**
 * The absolute path of an app's program inside its root, as execvp(3) would find it: systemd looks names up by itself
 * only in its own search path.
 */
export function findExecutable(root: string, name: string, path: string, folder: string): string {
  if (name.startsWith("/")) return name;
  if (name.includes("/")) return posix.join(folder, name);
  for (const candidate of path.split(":").map((each) => posix.resolve(folder, each, name))) {
    const file = resolveInsideRoot(root, candidate);
    if (file !== undefined && isExecutable(file)) return candidate;
  }
  throw new Fault({
    what: `can't find the absolute executable for "${name}": unable to find "${name}" in "${path}"`,
    remedy: "name it by its path, or set PATH with --environment",
  });
}

function isExecutable(file: string): boolean {
  if (!statSync(file).isFile()) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
