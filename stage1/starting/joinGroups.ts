import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupRoot } from "../machine.ts";
import { cgroupFiles } from "./cgroupFiles.ts";

/** $1… files that take this process into a group, up to `--`; then a command. */
const script = `while [ "$1" != -- ]; do
  echo $$ >"$1" || exit 254
  shift
done
shift
exec "$@"`;

/** A command that runs in the groups of a process, so that its limits hold for both together. */
export function inGroupsOf(pid: number, command: readonly string[]): readonly string[] {
  const unified = existsSync(join(cgroupRoot, "cgroup.controllers"));
  const files = cgroupFiles(readFileSync(`/proc/${pid}/cgroup`, "utf8"), unified);
  return ["/bin/sh", "-c", script, "rkt-enter", ...files, "--", ...command];
}
