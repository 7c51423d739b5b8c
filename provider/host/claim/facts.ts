/** What a host is like: gathered in one round trip, before anything on it is changed. */
import { z } from "zod";
import type { Requirements } from "../requirements.ts";
import { CLAIM_FILE, LEDGERS } from "../layout.ts";
import { sh } from "../remote/quote.ts";
import type { HostWork } from "../remote/work.ts";

export interface Listener {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly inode: string;
}

export interface HostFacts {
  readonly release: string;
  readonly distribution: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly systemd: boolean;
  readonly cgroupVersion: 1 | 2;
  readonly controllers: readonly string[];
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly diskMiB: number;
  readonly swaps: readonly string[];
  readonly machineId: string;
  readonly container: string;
  /** How far the host's clock is ahead of the operator's, in seconds. */
  readonly clockSkew: number;
  readonly unresolved: readonly string[];
  readonly missingTools: readonly string[];
  readonly listeners: readonly Listener[];
  /** Destination ranges of routes and own addresses, as CIDRs. */
  readonly ranges: readonly string[];
  /** What /var/lib/rktnetes/claim.json holds, if there is one. */
  readonly claim: unknown;
  readonly hasLedgers: boolean;
}

/** What the host layer's own scripts need; all of it is part of a minimal Debian with systemd. */
const TOOLS = (
  "apt-get awk base64 cp dpkg dpkg-query find flock getent groupadd head install journalctl mktemp readlink rmdir " +
  "sha256sum stat sync systemctl tail tar timeout umount useradd usermod userdel"
).split(" ");

export async function gatherFacts(work: HostWork, requirements: Requirements): Promise<HostFacts> {
  const before = Date.now();
  const result = await work.step("looks at the host", factsScript(requirements));
  const after = Date.now();
  return parseFacts(result.stdout, (before + after) / 2);
}

export function factsScript(requirements: Requirements): string {
  return [
    `say() { printf '%s\\0%s\\0' "$1" "$2"; }`,
    `say now "$(date +%s.%N)"`,
    `say release "$(. /etc/os-release 2>/dev/null; printf '%s' "\${ID:-} \${VERSION_ID:-}")"`,
    `say kernel "$(uname -r)"`,
    `say architecture "$(dpkg --print-architecture 2>/dev/null || uname -m)"`,
    `if [ -d /run/systemd/system ]; then say systemd yes; fi`,
    `say cgroups "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null || :)"`,
    `say controllers2 "$(cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null || :)"`,
    `say controllers1 "$(awk '$3 == "cgroup" { print $4 }' /proc/mounts)"`,
    `say memory "$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)"`,
    `say cpus "$(nproc)"`,
    `say disk "$(df -Pk /var/lib | awk 'NR == 2 { print $4 }')"`,
    `say swaps "$(tail -n +2 /proc/swaps | awk '{ print $1 }')"`,
    `say machineId "$(cat /etc/machine-id 2>/dev/null || :)"`,
    `say container "$(systemd-detect-virt --container 2>/dev/null || :)"`,
    sh`for name in ${requirements.resolves}; do getent ahosts "$name" >/dev/null 2>&1 || say unresolved "$name"; done`,
    sh`for tool in ${TOOLS}; do command -v "$tool" >/dev/null 2>&1 || say missing "$tool"; done`,
    `for p in tcp tcp6 udp udp6; do if [ -r /proc/net/$p ]; then say "sockets $p" "$(awk 'NR > 1 { print $2, $4, $10 }' /proc/net/$p)"; fi; done`,
    `say routes4 "$(awk 'NR > 1 { print $2, $8 }' /proc/net/route)"`,
    `if [ -r /proc/net/ipv6_route ]; then say routes6 "$(awk '{ print $1, $2, $10 }' /proc/net/ipv6_route)"; fi`,
    sh`if [ -e ${CLAIM_FILE} ]; then say claim "$(cat ${CLAIM_FILE})"; fi`,
    sh`for f in ${LEDGERS}/*.json; do if [ -e "$f" ]; then say ledger "$f"; fi; done`,
  ].join("\n");
}

export function parseFacts(output: Buffer, operatorMilliseconds: number): HostFacts {
  const fields = output.toString("utf8").split("\0");
  const said = new Map<string, string[]>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const key = fields[at] ?? "";
    said.set(key, [...(said.get(key) ?? []), fields[at + 1] ?? ""]);
  }
  const one = (key: string): string => (said.get(key)?.[0] ?? "").trim();
  const [distribution = "", release = ""] = one("release").split(" ");
  const cgroupVersion = one("cgroups") === "cgroup2fs" ? 2 : 1;
  const claim = one("claim");
  return {
    distribution,
    release,
    kernel: one("kernel"),
    architecture: one("architecture"),
    systemd: one("systemd") === "yes",
    cgroupVersion,
    controllers:
      cgroupVersion === 2 ? words(one("controllers2")) : words(one("controllers1").replaceAll(",", " ")),
    memoryMiB: Math.floor(Number(one("memory")) / 1024),
    cpus: Number(one("cpus")),
    diskMiB: Math.floor(Number(one("disk")) / 1024),
    swaps: words(one("swaps")),
    machineId: one("machineId"),
    container: one("container") === "none" ? "" : one("container"),
    clockSkew: Number(one("now")) - operatorMilliseconds / 1000,
    unresolved: said.get("unresolved") ?? [],
    missingTools: said.get("missing") ?? [],
    listeners: ["tcp", "tcp6", "udp", "udp6"].flatMap((table) => listenersOf(table, one(`sockets ${table}`))),
    ranges: [...ranges4(one("routes4")), ...ranges6(one("routes6"))],
    claim: claim === "" ? undefined : parseClaim(claim),
    hasLedgers: said.has("ledger"),
  };
}

/** A damaged claim is still a claim: it shows as one that is not ours. */
function parseClaim(text: string): unknown {
  try {
    return z.unknown().parse(JSON.parse(text));
  } catch {
    return { claim: "(unreadable)", stack: "(unreadable)", host: "", generation: 0, since: "(unreadable)" };
  }
}

/** Lines `address:port state inode` of /proc/net; state 0A listens, and a UDP socket that is bound has 07. */
function listenersOf(table: string, text: string): Listener[] {
  const protocol = table.startsWith("tcp") ? "tcp" : "udp";
  const listening = protocol === "tcp" ? "0A" : "07";
  return linesOf(text).flatMap((line) => {
    const [address = "", state, inode = ""] = line.split(" ");
    const port = Number.parseInt(address.split(":")[1] ?? "", 16);
    return state === listening && port > 0 ? [{ port, protocol, inode }] : [];
  });
}

/** Lines `destination mask`, both little-endian hexadecimal. The default route overlaps everything and is left out. */
function ranges4(text: string): string[] {
  return linesOf(text).flatMap((line) => {
    const [destination = "", mask = ""] = line.split(" ");
    const bits = parseInt(mask, 16).toString(2).replaceAll("0", "").length;
    if (bits === 0) return [];
    const bytes = destination.match(/../g)?.reverse() ?? [];
    return [`${bytes.map((byte) => parseInt(byte, 16)).join(".")}/${bits}`];
  });
}

/** Lines `destination length interface`; link-local, multicast and loopback ranges are everybody's. */
function ranges6(text: string): string[] {
  return linesOf(text).flatMap((line) => {
    const [destination = "", length = "", device = ""] = line.split(" ");
    const bits = parseInt(length, 16);
    if (bits === 0 || device === "lo" || /^(fe8|ff)/.test(destination)) return [];
    return [`${destination.match(/.{4}/g)?.join(":") ?? ""}/${bits}`];
  });
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
