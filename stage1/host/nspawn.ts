/** The command line of systemd-nspawn for a pod. Pure. */
import type { PodToRun } from "../contract.ts";
import type { Capability } from "../capabilities.ts";
import { machineName } from "../machine.ts";

export interface HostFacts {
  readonly nspawn: string;
  readonly systemdVersion: number;
  /** Whether every controller is on the one hierarchy of cgroup v2. */
  readonly unified: boolean;
  /** Whether a service of systemd runs this command: the pod then stays in the service's cgroup. */
  readonly fromService: boolean;
  /** Whether machined can be told. */
  readonly registers: boolean;
}

/** $1…: controllers of cgroup v1 that apps are limited by, up to `--`; then systemd's own arguments. */
const firstProcess = `while [ "$1" != -- ]; do
  [ ! -d "/sys/fs/cgroup/$1" ] || mount -o remount,bind,rw "$(readlink -f "/sys/fs/cgroup/$1")" || exit 254
  shift
done
shift
exec /usr/lib/systemd/systemd "$@"`;

export function nspawnWords(
  pod: PodToRun,
  host: HostFacts,
  capabilities: readonly Capability[],
  limitedBy: readonly string[],
): readonly string[] {
  const { network, userNamespace } = pod;
  return [
    host.nspawn,
    ...(pod.debug ? [] : ["--quiet"]),
    `--uuid=${pod.uuid}`,
    `--machine=${machineName(pod.uuid)}`,
    `--hostname=${pod.hostname}`,
    `--directory=${pod.folder}/stage1/rootfs`,
    "--bind-ro=/usr",
    host.registers ? "--register=yes" : "--register=no",
    ...(host.fromService || !host.registers ? ["--keep-unit"] : []),
    ...(network.kind === "own" ? [`--network-namespace-path=${network.path}`] : []),
    ...(network.kind === "none" ? ["--private-network"] : []),
    ...(userNamespace === undefined
      ? ["--private-users=no"]
      : [`--private-users=${userNamespace.first}:${userNamespace.count}`, "--private-users-ownership=off"]),
    pod.insecure.capabilities ? "--capability=all" : `--capability=${capabilities.join(",")}`,
    ...["--link-journal=no", "--resolv-conf=off", "--timezone=off"],
    `--console=${pod.interactive ? "interactive" : "read-only"}`,
    "--kill-signal=SIGRTMIN+3",
    // No unit and no generator of the host's: only what was written for this pod.
    "--setenv=SYSTEMD_UNIT_PATH=/etc/systemd/system",
    "--setenv=SYSTEMD_GENERATOR_PATH=/etc/systemd/no-generators",
    "--setenv=SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/etc/systemd/no-generators",
    // Before it reads its arguments it would talk, too.
    ...(pod.debug ? [] : ["--setenv=SYSTEMD_LOG_TARGET=null"]),
    ...["--", "/bin/sh", "-c", firstProcess, "init", ...limitedBy, "--"],
    ...["--unit=pod.target", ...(pod.debug ? [] : ["--log-target=null", "--show-status=0"])],
    ...legacyWords(host),
  ];
}

/** systemd of 256 and later takes cgroup v1 only from somebody who says that it is meant. */
function legacyWords({ unified, systemdVersion }: HostFacts): readonly string[] {
  return unified || systemdVersion < 256
    ? []
    : ["systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"];
}

export function nspawnEnvironment(pod: PodToRun, host: HostFacts): Readonly<Record<string, string>> {
  return {
    SYSTEMD_NSPAWN_CONTAINER_SERVICE: "rkt",
    // It would look at the pod's /usr, which is not there yet.
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: host.unified ? "1" : "0",
    SYSTEMD_NSPAWN_LOCK: "0",
    ...(pod.debug ? {} : { SYSTEMD_LOG_LEVEL: "err" }),
    ...(pod.ipc === "parent" ? { SYSTEMD_NSPAWN_SHARE_NS_IPC: "true" } : {}),
    ...(pod.insecure.paths ? { SYSTEMD_NSPAWN_API_VFS_WRITABLE: "yes" } : {}),
    ...(process.env["SYSTEMD_SECCOMP"] === undefined
      ? {}
      : { SYSTEMD_SECCOMP: process.env["SYSTEMD_SECCOMP"] }),
  };
}
