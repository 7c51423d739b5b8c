/** What stands in the way of using a host: a pure judgement over its facts, all findings at once. */
import ipaddr from "ipaddr.js";
import { Fault, gatherFaults } from "../../../errors/fault.ts";
import type { Requirements } from "../requirements.ts";
import { claimOf } from "./claim-file.ts";
import type { HostFacts, Listener } from "./facts.ts";

export interface PortHolder {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** `name[pid]`, and the unit it belongs to. */
  readonly process: string;
  readonly unit: string;
}

/** Required ports on which something listens; whose it is, is asked of the host. */
export function takenPorts(facts: HostFacts, requirements: Requirements): Listener[] {
  const wanted = new Set(requirements.ports);
  return facts.listeners.filter(({ port, protocol }) => wanted.has(`${port}/${protocol}`));
}

/**
 * `holders` are the processes on required ports that are not ours. On a host that is already ours, its disk
 * and routes hold our own things, and are not judged again.
 */
export function preflightFindings(
  host: string,
  claim: string,
  facts: HostFacts,
  requirements: Requirements,
  holders: readonly PortHolder[],
): Fault[] {
  const findings: Fault[] = [];
  const find = (what: string, got: string, allowed: string, remedy: string): void => {
    findings.push(new Fault({ what, where: host, got, allowed, remedy }));
  };
  const owner = claimOf(facts.claim);
  if (owner !== undefined && owner.claim !== claim) {
    find(
      "the host is claimed by another stack",
      `${owner.claim}, since ${owner.since}`,
      claim,
      `destroy that stack, or take the host out of this one; if that stack is gone for good, remove what it left with care: rm -r /var/lib/rktnetes forgets what it put there`,
    );
  }
  const ours = owner?.claim === claim;
  if (facts.distribution !== "debian" || !requirements.releases.includes(facts.release)) {
    find(
      "the operating system is not supported",
      `${facts.distribution} ${facts.release}`.trim(),
      requirements.releases.map((release) => `debian ${release}`).join(", "),
      "install one of these releases",
    );
  }
  if (!facts.systemd)
    find("systemd is not process 1", "another init", "systemd", "boot the host with systemd");
  if (compareVersions(facts.kernel, requirements.minimumKernel) < 0) {
    find(
      "the kernel is too old",
      facts.kernel,
      `${requirements.minimumKernel} or later`,
      "upgrade the kernel and reboot",
    );
  }
  const missing = requirements.cgroupControllers.filter((name) => !facts.controllers.includes(name));
  if (missing.length > 0) {
    find(
      `cgroup controllers are missing: ${missing.join(", ")}`,
      `cgroup v${facts.cgroupVersion} with ${facts.controllers.join(", ")}`,
      requirements.cgroupControllers.join(", "),
      "enable them on the kernel's command line (cgroup_enable=memory swapaccount=1), or update the kernel",
    );
  }
  if (facts.memoryMiB < requirements.minimumMemoryMiB) {
    find(
      "there is too little memory",
      `${facts.memoryMiB} MiB`,
      `${requirements.minimumMemoryMiB} MiB`,
      "add memory",
    );
  }
  if (!ours && facts.diskMiB < requirements.minimumDiskMiB) {
    find(
      "there is too little room below /var/lib",
      `${facts.diskMiB} MiB`,
      `${requirements.minimumDiskMiB} MiB`,
      "make room (apt-get clean; journalctl --vacuum-size=100M), or enlarge the file system",
    );
  }
  if (requirements.swapOff && facts.swaps.length > 0) {
    find(
      "swap is in use",
      facts.swaps.join(", "),
      "no swap",
      "swapoff -a, and take the swap lines out of /etc/fstab; or set swapOff: false",
    );
  }
  if (!/^[0-9a-f]{32}$/.test(facts.machineId)) {
    find(
      "the machine has no id",
      facts.machineId || "an empty /etc/machine-id",
      "32 hexadecimal digits",
      "systemd-machine-id-setup",
    );
  }
  if (Math.abs(facts.clockSkew) > requirements.clockSkewSeconds) {
    find(
      "the host's clock differs from this machine's, so certificates would not be valid there",
      `${Math.abs(facts.clockSkew).toFixed(1)} s ${facts.clockSkew > 0 ? "ahead" : "behind"}`,
      `${requirements.clockSkewSeconds} s`,
      "let both keep time (systemctl enable --now systemd-timesyncd, or chrony)",
    );
  }
  if (facts.unresolved.length > 0) {
    find(
      "names cannot be resolved on the host",
      facts.unresolved.join(", "),
      "every name resolves",
      "correct /etc/resolv.conf or /etc/hosts on the host",
    );
  }
  if (facts.missingTools.length > 0) {
    find(
      "basic tools are missing",
      facts.missingTools.join(", "),
      "a Debian base system",
      "apt-get install coreutils util-linux findutils passwd tar mawk",
    );
  }
  for (const holder of holders) {
    find(
      `port ${holder.port}/${holder.protocol} is taken`,
      holder.unit === "" ? holder.process : `${holder.process} of ${holder.unit}`,
      "a free port",
      holder.unit === "" ? `stop ${holder.process}` : `systemctl disable --now ${holder.unit}`,
    );
  }
  if (!ours) findings.push(...overlaps(host, facts, requirements));
  return findings;
}

export function preflightFault(host: string, findings: readonly Fault[]): Fault {
  const count = findings.length === 1 ? "one finding" : `${findings.length} findings`;
  return gatherFaults(`${host} cannot be used as it is: ${count}, and nothing was changed`, findings);
}

function overlaps(host: string, facts: HostFacts, requirements: Requirements): Fault[] {
  return requirements.cidrs.flatMap((cidr) => {
    const taken = facts.ranges.filter((range) => rangesOverlap(cidr, range));
    if (taken.length === 0) return [];
    return new Fault({
      what: `the range ${cidr} overlaps with routes of the host`,
      where: host,
      got: [...new Set(taken)].join(", "),
      allowed: "a range that the host does not route anywhere yet",
      remedy: "choose another range in the cluster's configuration",
    });
  });
}

export function rangesOverlap(left: string, right: string): boolean {
  const [a, aBits] = ipaddr.parseCIDR(left);
  const [b, bBits] = ipaddr.parseCIDR(right);
  if (a.kind() !== b.kind()) return false;
  const bits = Math.min(aBits, bBits);
  return sameStart(a.toByteArray(), b.toByteArray(), bits);
}

function sameStart(left: readonly number[], right: readonly number[], bits: number): boolean {
  return left.every((byte, index) => {
    const counted = Math.min(8, Math.max(0, bits - index * 8));
    const mask = (0xff << (8 - counted)) & 0xff;
    return (byte & mask) === ((right[index] ?? 0) & mask);
  });
}

/** Compares the numbers of two versions; what follows them does not count. */
export function compareVersions(left: string, right: string): number {
  const numbers = (text: string): number[] => (/^[\d.]+/.exec(text)?.[0] ?? "").split(".").map(Number);
  const [a, b] = [numbers(left), numbers(right)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
