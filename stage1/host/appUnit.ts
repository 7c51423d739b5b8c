/** The unit of one app inside the pod. A pure function: everything it depends on comes with its arguments. */
import {
  cpuLimit,
  cpuShares,
  memoryLimit,
  noNewPrivileges,
  oomScoreAdj,
} from "../../engine/appc/isolators.ts";
import type { App, EventHandler } from "../../engine/appc/imageManifest.ts";
import type { AppUser } from "../appUser.ts";
import type { Capability } from "../capabilities.ts";
import type { AppStreams } from "../attaching/streams.ts";
import type { SeccompFilter } from "../seccomp.ts";
import { commandLine, quotedWord, type Setting, type Unit } from "./unitText.ts";

export interface AppUnitFacts {
  readonly name: string;
  readonly imageName: string;
  readonly app: App;
  /** Absolute, inside the app's root. */
  readonly executable: string;
  readonly user: AppUser;
  readonly environment: ReadonlyMap<string, string>;
  /** Absent: all that the pod has. */
  readonly capabilities?: readonly Capability[];
  readonly seccomp: SeccompFilter | undefined;
  readonly interactive: boolean;
  readonly streams: Pick<AppStreams, "stdout" | "stderr">;
  /** Leave the kernel's files in /proc and /sys as they are. */
  readonly pathsUnprotected: boolean;
}

/** The app's root as the pod's own systemd sees it. */
export function rootInPod(app: string): string {
  return `/opt/stage2/${app}/rootfs`;
}

const readOnlyPaths = [
  "/proc/bus",
  "/proc/sys/kernel/core_pattern",
  "/proc/sys/kernel/modprobe",
  "/proc/sys/vm/panic_on_oom",
  "/proc/sysrq-trigger",
];

const hiddenPaths = [
  "/proc/config.gz",
  "/proc/kallsyms",
  "/proc/sched_debug",
  "/proc/kcore",
  "/proc/kmem",
  "/proc/mem",
  "/sys/firmware",
  "/sys/fs",
  "/sys/hypervisor",
  "/sys/module",
  "/sys/power",
];

/** What systemd would add to every service's environment by itself. */
const systemdVariables = [
  ...["INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "NOTIFY_SOCKET", "MANAGERPID", "LANG"],
  ...["MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE", "TERM"],
];

export function appUnit(facts: AppUnitFacts): Unit {
  const { app, name, user } = facts;
  const folder = app.workingDirectory ?? "/";
  return {
    Unit: [
      ["Description", `Application=${name} Image=${facts.imageName}`.replaceAll("%", "%%")],
      ["DefaultDependencies", "no"],
      // systemd stops an app in order when the pod ends.
      ["Conflicts", "shutdown.target"],
      ["Before", "shutdown.target"],
    ],
    Service: [
      // So that whatever comes after an app waits for its end.
      ["Type", "oneshot"],
      ["RootDirectory", rootInPod(name)],
      ["RootDirectoryStartOnly", "yes"],
      ["WorkingDirectory", folder.replaceAll("%", "%%")],
      ...handlers(app.eventHandlers, "pre-start"),
      ["ExecStart", commandLine([facts.executable, ...app.exec.slice(1)])],
      ...handlers(app.eventHandlers, "post-stop"),
      ["ExecStopPost", `+/bin/sh /rkt/record ${name}`],
      ["TimeoutStopSec", "30"],
      ["User", String(user.uid)],
      ["Group", String(user.gid)],
      ["SupplementaryGroups", [user.gid, ...user.supplementaryGids].join(" ")],
      ...[...facts.environment].map(([key, value]): Setting => [
        "Environment",
        quotedWord(`${key}=${value}`),
      ]),
      ["UnsetEnvironment", systemdVariables.filter((each) => !facts.environment.has(each)).join(" ")],
      ...streams(facts),
      ...(facts.capabilities === undefined
        ? []
        : ([["CapabilityBoundingSet", facts.capabilities.join(" ")]] satisfies Setting[])),
      ...filterSettings(facts.seccomp),
      ["NoNewPrivileges", wantsNoNewPrivileges(facts) ? "yes" : "no"],
      ...paths(facts.pathsUnprotected),
      ...limits(app),
    ],
  };
}

/** A filter asks for it too: without it only privileged users may take one on. */
export function wantsNoNewPrivileges({ app, seccomp, user }: AppUnitFacts): boolean {
  return noNewPrivileges(app.isolators) || (seccomp !== undefined && user.uid !== 0);
}

function handlers(eventHandlers: readonly EventHandler[], name: EventHandler["name"]): readonly Setting[] {
  const key = name === "pre-start" ? "ExecStart" : "ExecStopPost";
  return eventHandlers
    .filter((each) => each.name === name)
    .map(({ exec }): Setting => [key, commandLine(exec)]);
}

function streams({ interactive, streams }: AppUnitFacts): readonly Setting[] {
  if (interactive) {
    return [
      ["StandardInput", "tty-force"],
      ["StandardOutput", "tty"],
      ["StandardError", "tty"],
    ];
  }
  return [
    ["StandardInput", "null"],
    ["StandardOutput", streams.stdout === "null" ? "null" : "tty"],
    ["StandardError", streams.stderr === "null" ? "null" : "tty"],
  ];
}

/** The table of calls may be long, and a line of a unit may not. */
function filterSettings(filter: SeccompFilter | undefined): readonly Setting[] {
  if (filter === undefined) return [];
  const mark = filter.mode === "remove" ? "~" : "";
  return [
    ...filter.syscalls.map((call): Setting => ["SystemCallFilter", `${mark}${call}`]),
    ["SystemCallErrorNumber", filter.errno],
  ];
}

/** The kernel's file systems are bound one by one: systemd's own set of them would hide volumes below /run. */
function paths(unprotected: boolean): readonly Setting[] {
  const api: Setting[] = [
    ["MountAPIVFS", "no"],
    ["BindPaths", "/proc /dev"],
    [unprotected ? "BindPaths" : "BindReadOnlyPaths", "/sys:/sys:norbind"],
    ["MountFlags", "shared"],
  ];
  if (unprotected) return api;
  return [
    ...api,
    ...readOnlyPaths.map((path): Setting => ["ReadOnlyPaths", `-+${path}`]),
    ...hiddenPaths.map((path): Setting => ["InaccessiblePaths", `-+${path}`]),
    ["DevicePolicy", "closed"],
  ];
}

function limits({ isolators }: App): readonly Setting[] {
  const memory = memoryLimit(isolators);
  const cpu = cpuLimit(isolators);
  const shares = cpuShares(isolators);
  const oom = oomScoreAdj(isolators);
  return [
    ...(memory === undefined ? [] : ([["MemoryMax", String(memory)]] satisfies Setting[])),
    // Thousandths of a processor, as a percentage of one.
    ...(cpu === undefined ? [] : ([["CPUQuota", `${Number(cpu) / 10}%`]] satisfies Setting[])),
    ...(shares === undefined
      ? []
      : ([
          ["CPUWeight", String(Math.min(10_000, Math.max(1, Math.round((shares * 100) / 1024))))],
        ] satisfies Setting[])),
    ...(oom === undefined ? [] : ([["OOMScoreAdjust", String(oom)]] satisfies Setting[])),
  ];
}
