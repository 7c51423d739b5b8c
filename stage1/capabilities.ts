import { capabilitySet } from "../engine/appc/isolators.ts";
import type { App } from "../engine/appc/imageManifest.ts";
import { Fault } from "../errors/fault.ts";

/** Every capability that a current kernel knows, in the kernel's order. */
export const allCapabilities = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
] as const;

export type Capability = (typeof allCapabilities)[number];

/** What an app keeps where nobody says anything: rkt's fourteen. */
export const defaultCapabilities: readonly Capability[] = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_NET_BIND_SERVICE",
  "CAP_SETUID",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETFCAP",
  "CAP_SYS_CHROOT",
];

/** What an app keeps; `hostHas` is what there is to give, since nobody can hand on what they lack. */
export function capabilitiesOf(
  app: App,
  unrestricted: boolean,
  hostHas: readonly Capability[] = allCapabilities,
): readonly Capability[] {
  const there = new Set(hostHas);
  const wanted = unrestricted ? allCapabilities : wantedCapabilities(app);
  return wanted.filter((capability) => there.has(capability));
}

function wantedCapabilities(app: App): readonly Capability[] {
  const retained = namesOf(app, "retain");
  if (retained !== undefined) return allCapabilities.filter((capability) => retained.has(capability));
  const removed = namesOf(app, "remove") ?? new Set();
  return defaultCapabilities.filter((capability) => !removed.has(capability));
}

function namesOf(app: App, kind: "retain" | "remove"): ReadonlySet<string> | undefined {
  const set = capabilitySet(app.isolators, kind);
  if (set === undefined) return undefined;
  const known = new Set<string>(allCapabilities);
  return new Set(
    set.map((each) => {
      const text = each.toUpperCase();
      const name = text.startsWith("CAP_") ? text : `CAP_${text}`;
      if (!known.has(name)) {
        throw new Fault({
          what: "unknown capability",
          where: `os/linux/capabilities-${kind}-set`,
          got: each,
          allowed: "names of capabilities(7)",
        });
      }
      return name;
    }),
  );
}

/** The capabilities that a bounding set of /proc/PID/status stands for. */
export function capabilitiesOfMask(hexadecimal: string): readonly Capability[] {
  const mask = BigInt(`0x${hexadecimal.trim()}`);
  return allCapabilities.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
}
