import { noNewPrivileges, sysctls } from "../../engine/appc/isolators.ts";
import type { App } from "../../engine/appc/imageManifest.ts";
import type { AppMount } from "../appMounts.ts";
import type { AppUser } from "../appUser.ts";
import type { Capability } from "../capabilities.ts";
import type { SeccompFilter } from "../seccomp.ts";
import { errnoNumber } from "./errno.ts";

/** Everything that one container's specification follows from. */
export interface ContainerFacts {
  readonly app: App;
  readonly rootfs: string;
  readonly readOnlyRootfs: boolean;
  readonly user: AppUser;
  readonly environment: ReadonlyMap<string, string>;
  readonly capabilities: readonly Capability[];
  readonly seccomp: SeccompFilter | undefined;
  /** Volumes and the pod's own files. */
  readonly mounts: readonly AppMount[];
  readonly limits: Limits;
  /** Where the container's cgroup goes, from the top of every hierarchy. */
  readonly cgroup: string;
  readonly terminal: boolean;
  /** Leave the kernel's files in /proc and /sys as they are. */
  readonly pathsUnprotected: boolean;
  readonly hostNetwork: boolean;
  /** Users of the app's own. */
  readonly users?: OwnUsers;
}

export interface OwnUsers {
  readonly first: number;
  readonly count: number;
  /** What the kernel lets only the host's root mount, as the pod has mounted it. */
  readonly sys: string;
  readonly mqueue: string;
}

export interface Limits {
  readonly memoryBytes?: number;
  readonly cpuMillis?: number;
  readonly cpuShares?: number;
  readonly oomScoreAdj?: number;
}

const CPU_PERIOD = 100_000;

const maskedPaths = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

const readOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** The OCI runtime specification of an app, for crun. The pod's namespaces are inherited; only mounts are its own. */
export function containerSpecification(facts: ContainerFacts): object {
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: facts.terminal,
      user: {
        uid: facts.user.uid,
        gid: facts.user.gid,
        additionalGids: facts.user.supplementaryGids,
      },
      args: facts.app.exec,
      env: [...facts.environment].map(([name, value]) => `${name}=${value}`),
      cwd: facts.app.workingDirectory ?? "/",
      capabilities: {
        bounding: facts.capabilities,
        effective: facts.capabilities,
        permitted: facts.capabilities,
        inheritable: [],
        ambient: [],
      },
      noNewPrivileges: noNewPrivileges(facts.app.isolators),
      ...(facts.limits.oomScoreAdj !== undefined && { oomScoreAdj: facts.limits.oomScoreAdj }),
    },
    root: { path: facts.rootfs, readonly: facts.readOnlyRootfs },
    mounts: [...standardMounts(facts), ...facts.mounts.map(bindMount)],
    linux: {
      namespaces: [
        { type: "mount" },
        { type: "cgroup" },
        ...(facts.users === undefined ? [] : [{ type: "user" }]),
      ],
      ...(facts.users !== undefined && mappingsOf(facts.users)),
      cgroupsPath: facts.cgroup,
      sysctl: sysctls(facts.app.isolators),
      resources: resourcesOf(facts.limits),
      ...(facts.pathsUnprotected ? {} : { maskedPaths, readonlyPaths: readOnlyPaths }),
      ...(facts.seccomp !== undefined && { seccomp: seccompOf(facts.seccomp) }),
    },
  };
}

function mappingsOf({ first, count }: OwnUsers): object {
  const mappings = [{ containerID: 0, hostID: first, size: count }];
  return { uidMappings: mappings, gidMappings: mappings };
}

function standardMounts({ hostNetwork, users }: ContainerFacts): readonly object[] {
  return [
    users === undefined
      ? { destination: "/proc", type: "proc", source: "proc", options: [...harmless] }
      : boundTree("/proc", "/proc"),
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: [...harmless, "mode=1777", "size=65536k"],
    },
    users === undefined
      ? { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: [...harmless] }
      : boundTree("/dev/mqueue", users.mqueue),
    sysMount(hostNetwork, users),
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: [...harmless, "relatime", "ro"],
    },
  ];
}

const harmless = ["nosuid", "noexec", "nodev"] as const;

/** sysfs shows the network namespace it was mounted in; the host's own cannot be mounted anew from within a pod. */
function sysMount(hostNetwork: boolean, users: OwnUsers | undefined): object {
  if (hostNetwork) return boundTree("/sys", "/sys", "ro");
  if (users !== undefined) return boundTree("/sys", users.sys, "ro");
  return { destination: "/sys", type: "sysfs", source: "sysfs", options: [...harmless, "ro"] };
}

function boundTree(destination: string, source: string, ...options: readonly string[]): object {
  return { destination, type: "none", source, options: ["rbind", ...harmless, ...options] };
}

function bindMount(mount: AppMount): object {
  return {
    destination: mount.destination,
    type: "bind",
    source: mount.source,
    options: [mount.recursive ? "rbind" : "bind", mount.readOnly ? (mount.recursive ? "rro" : "ro") : "rw"],
  };
}

function resourcesOf(limits: Limits): object {
  return {
    ...(limits.memoryBytes !== undefined && { memory: { limit: limits.memoryBytes } }),
    ...((limits.cpuMillis !== undefined || limits.cpuShares !== undefined) && {
      cpu: {
        ...(limits.cpuShares !== undefined && { shares: limits.cpuShares }),
        ...(limits.cpuMillis !== undefined && {
          quota: Math.max(1000, Math.round((limits.cpuMillis * CPU_PERIOD) / 1000)),
          period: CPU_PERIOD,
        }),
      },
    }),
    devices: [
      { allow: false, access: "rwm" },
      ...allowedDevices.map(([type, major, minor]) => ({
        allow: true,
        type,
        major,
        ...(minor >= 0 && { minor }),
        access: "rwm",
      })),
      { allow: true, type: "c", access: "m" },
      { allow: true, type: "b", access: "m" },
    ],
  };
}

/** null, zero, full, random, urandom, tty, ptmx and pseudo-terminals. */
const allowedDevices: readonly (readonly [string, number, number])[] = [
  ["c", 1, 3],
  ["c", 1, 5],
  ["c", 1, 7],
  ["c", 1, 8],
  ["c", 1, 9],
  ["c", 5, 0],
  ["c", 5, 2],
  ["c", 136, -1],
];

function seccompOf(filter: SeccompFilter): object {
  const refused = { action: "SCMP_ACT_ERRNO", errnoRet: errnoNumber(filter.errno) };
  const [otherwise, listed] =
    filter.mode === "remove"
      ? [{ action: "SCMP_ACT_ALLOW" }, refused]
      : [refused, { action: "SCMP_ACT_ALLOW" }];
  return {
    defaultAction: otherwise.action,
    ...("errnoRet" in otherwise && { defaultErrnoRet: otherwise.errnoRet }),
    architectures: nativeArchitectures[process.arch] ?? [],
    syscalls: [{ names: filter.syscalls, ...listed }],
  };
}

const nativeArchitectures: Readonly<Partial<Record<NodeJS.Architecture, readonly string[]>>> = {
  x64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  arm64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
};
