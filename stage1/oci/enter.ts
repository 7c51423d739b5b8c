/** Joins a running app: crun takes a command into its namespaces and cgroup, and under its filter. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import type { Handover } from "../contract.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { bundleOf, crun, crunRoot } from "./bundle.ts";
import { firstProcessOf } from "./firstProcess.ts";

/** $1 a file that crun reads; then crun, which finds it at descriptor 3. */
const openScript = `exec 3<"$1" || exit 254
rm -f "$1"
shift
exec "$@"`;

interface Process {
  readonly env: readonly string[];
}

/**
 * The whole process is said, and not the command alone: up to version 1.8 crun gives a command root's user where none
 * is named, whatever the app's is.
 */
export function enter(folder: string, app: string, command: readonly string[]): Handover {
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  const said = join(folder, "oci", `.enter-${process.pid}`);
  const entering = enteringProcess(processOf(folder, app), command, terminal, process.env["TERM"]);
  replaceFileSync(said, JSON.stringify(entering), { mode: 0o600 });
  return {
    program: "/usr/bin/nsenter",
    arguments: [
      ...["--target", String(firstProcessOf(folder)), "--mount", "--uts", "--ipc", "--net", "--pid", "--"],
      ...["/bin/sh", "-c", openScript, "rkt-enter", said],
      ...[crun, "--root", crunRoot(folder), "--cgroup-manager=cgroupfs", "exec"],
      ...["--process", "/proc/self/fd/3", app],
    ],
    environment: toolEnvironment(),
  };
}

/** As the app's own process was said: written by `writeBundle`. */
function processOf(folder: string, app: string): Process {
  const file = join(bundleOf(folder, app), "config.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly process: Process }).process;
}

/** What the app's process has, with a command and a terminal of its own. */
export function enteringProcess(
  ofApp: Process,
  command: readonly string[],
  terminal: boolean,
  kind: string | undefined,
): object {
  const env = ofApp.env.filter((each) => !each.startsWith("TERM="));
  return { ...ofApp, args: command, terminal, env: kind === undefined ? env : [...env, `TERM=${kind}`] };
}
