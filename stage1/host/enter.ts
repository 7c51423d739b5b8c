/** Joins a running app of the host flavour with all of its restrictions. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { Handover } from "../contract.ts";
import { becomeWords } from "../starting/becoming.ts";
import { readEntry } from "../starting/entry.ts";
import { inGroupsOf } from "../starting/joinGroups.ts";
import { childrenOf, readNumber } from "../starting/processes.ts";
import { flavourProgram } from "../starting/programs.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";

/**
 * $1 `become` and $2 the app's environment as the pod has them, then a command.
 *
 * The app's root has none of the host's programs, so `become` is opened while the pod's own root is there. It lies on a
 * read-only mount then: an app that gets hold of it through /proc cannot write to it.
 */
const openScript = `exec 9<"$1" 8<"$2" || exit 254
shift 2
exec "$@"`;

const become = "/proc/self/fd/9";
const environment = "/proc/self/fd/8";

export function enterApp(folder: string, name: string, command: readonly string[]): Handover {
  const nspawn = readNumber(join(folder, "ppid"));
  const init = nspawn === undefined ? undefined : childrenOf(nspawn)[0];
  if (init === undefined) throw new Fault({ what: "the pod has not started yet", where: folder });
  const pid = firstProcessOf(init, name);
  const status = pid === undefined ? undefined : readIfThere(`/proc/${pid}/status`);
  const inPod = status === undefined ? undefined : /^NSpid:.*\t(\d+)$/m.exec(status)?.[1];
  if (pid === undefined || status === undefined || inPod === undefined) {
    throw new Fault({ what: `app "${name}" does not run`, where: folder });
  }
  const entry = readEntry(folder, name);
  const terminal = process.env["TERM"];
  const becoming = becomeWords(
    {
      ...entry,
      program: become,
      environment,
      ...(terminal === undefined ? {} : { variables: [["TERM", terminal]] }),
      ...(/^Seccomp:\t2$/m.test(status) ? { seccompOf: inPod } : {}),
      ...(entry.ownUsers === true ? { usersOf: inPod } : {}),
    },
    command,
  );
  const namespaces = [
    "--mount",
    "--uts",
    "--ipc",
    "--net",
    "--pid",
    "--cgroup",
    "--root",
    ...entry.namespaces,
  ];
  const [program = "", ...words] = inGroupsOf(pid, [
    ...["/usr/bin/nsenter", `--target=${init}`, "--mount", "--"],
    ...["/bin/sh", "-c", openScript, "rkt-enter", flavourProgram("host", "become"), `/rkt/env/${name}`],
    ...["/usr/bin/nsenter", `--target=${inPod}`, ...namespaces, "--"],
    ...becoming,
  ]);
  return { program, arguments: words, environment: toolEnvironment() };
}

/** The process of an app's unit that the pod's systemd started, as the host numbers it. */
function firstProcessOf(init: number, name: string): number | undefined {
  return childrenOf(init).find((child) => {
    const cgroup = readIfThere(`/proc/${child}/cgroup`) ?? "";
    return cgroup.split("\n").some((line) => line.endsWith(`/${name}.service`));
  });
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
