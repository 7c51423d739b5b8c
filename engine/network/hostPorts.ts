import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isIPv4 } from "node:net";
import { Fault } from "../../errors/fault.ts";
import { namesIn } from "./chooseNetworks.ts";
import { holderOf } from "./listeners.ts";
import type { NetworkPlaces } from "./places.ts";
import type { PortForward } from "./podNetwork.ts";
import { everyAddress } from "./ports.ts";

export const PORTS_TABLE = "ip.rkt.ports";

/**
 * Takes ports of the host for a pod, all or none. A file for each says who has it; its name lets only one pod have the
 * same port at the same address. A port at one address and at all of them can only meet in the second look, where two
 * that come at once may both be refused.
 */
export function claimPorts(places: NetworkPlaces, uuid: string, ports: readonly PortForward[]): void {
  const folder = join(places.runtime, "ports");
  if (ports.length > 0) mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const port of ports) {
    const address = port.hostIP ?? everyAddress;
    if (!isIPv4(address)) {
      throw new Fault({
        what: `failed to setup network: port ${describe(port)} is at an IPv6 address`,
        allowed: "IPv4 addresses of the host",
      });
    }
    const anyAddress = `${port.protocol}-${port.hostPort}-`;
    const claim = `${anyAddress}${address}`;
    try {
      writeFileSync(join(folder, claim), uuid, { flag: "wx" });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      throw taken(port, `held by pod ${readClaim(join(folder, claim))}`);
    }
    const rivals = namesIn(folder).filter((other) => other.startsWith(anyAddress) && other !== claim);
    const rival = rivals.find(
      (other) => address === everyAddress || other === `${anyAddress}${everyAddress}`,
    );
    if (rival !== undefined) throw taken(port, `held by pod ${readClaim(join(folder, rival))}`);
    const listener = holderOf(port.protocol, address, port.hostPort);
    if (listener !== undefined) throw taken(port, `held by ${listener}`);
  }
}

export function releasePorts(places: NetworkPlaces, uuid: string): void {
  const folder = join(places.runtime, "ports");
  for (const claim of namesIn(folder)) {
    if (readClaim(join(folder, claim)) === uuid) rmSync(join(folder, claim), { force: true });
  }
}

/** Whose it is. One that has just been given up is nobody's. */
function readClaim(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "that has just gone";
    throw error;
  }
}

function taken(port: PortForward, got: string): Fault {
  return new Fault({
    what: `failed to setup network: port ${describe(port)} of the host is taken`,
    got,
    remedy:
      "choose another port or address of the host, or end who has it (a dead pod's ports go with rkt gc)",
  });
}

function describe(port: PortForward): string {
  return `${port.protocol}-${port.hostIP ?? everyAddress}:${port.hostPort}`;
}

/** Where a pod's forwarded ports lead. */
export interface PortTarget {
  readonly address: string;
  /** From where packets come that the pod would answer past the host: itself, or all of a bridge. */
  readonly near: string;
}

const table = "ip rkt.ports";

/**
 * The rules for all pods together. Ports are elements of maps, so that a packet's way does not get longer with their
 * number. The host reaches them at its own addresses and at 127.0.0.1; the last chain keeps others from the host's own
 * loopback services, which routing of loopback addresses on a pod's interface would open to it.
 */
const sharedRules = [
  `add table ${table}`,
  ...["tcp", "udp"].flatMap((protocol) => [
    `add map ${table} ${protocol}_anywhere { type inet_service : ipv4_addr . inet_service; }`,
    `add map ${table} ${protocol}_at { type ipv4_addr . inet_service : ipv4_addr . inet_service; }`,
  ]),
  `add set ${table} answered_past_us { type ipv4_addr . ipv4_addr; flags interval; }`,
  `add chain ${table} forwarded`,
  `add chain ${table} arriving { type nat hook prerouting priority dstnat; policy accept; }`,
  `add chain ${table} ours { type nat hook output priority -100; policy accept; }`,
  `add chain ${table} leaving { type nat hook postrouting priority srcnat; policy accept; }`,
  `add chain ${table} loopback { type filter hook prerouting priority raw; policy accept; }`,
  ...["forwarded", "arriving", "ours", "leaving", "loopback"].map((chain) => `flush chain ${table} ${chain}`),
  `add rule ${table} arriving fib daddr type local jump forwarded`,
  `add rule ${table} ours fib daddr type local jump forwarded`,
  ...["tcp", "udp"].flatMap((protocol) => [
    `add rule ${table} forwarded dnat ip to ip daddr . ${protocol} dport map @${protocol}_at`,
    `add rule ${table} forwarded dnat ip to ${protocol} dport map @${protocol}_anywhere`,
  ]),
  `add rule ${table} leaving ct status dnat ip saddr . ip daddr @answered_past_us masquerade`,
  `add rule ${table} loopback iifname != "lo" ip daddr 127.0.0.0/8 drop`,
  "",
].join("\n");

export function forwardRules(uuid: string, target: PortTarget, ports: readonly PortForward[]): string {
  return `${sharedRules}${elements("add", uuid, target, ports)}`;
}

/** Also right where some or none of it is there: what may be absent is added before. */
export function unforwardRules(uuid: string, target: PortTarget, ports: readonly PortForward[]): string {
  return `${sharedRules}${elements("add", uuid, target, ports)}${elements("delete", uuid, target, ports)}`;
}

function elements(
  verb: "add" | "delete",
  uuid: string,
  target: PortTarget,
  ports: readonly PortForward[],
): string {
  const comment = verb === "add" ? ` comment "${uuid}"` : "";
  const lines = ports.map(({ protocol, hostIP, hostPort, podPort }) => {
    const everywhere = (hostIP ?? everyAddress) === everyAddress;
    const map = `${protocol}_${everywhere ? "anywhere" : "at"}`;
    const key = everywhere ? String(hostPort) : `${hostIP ?? ""} . ${hostPort}`;
    return `${verb} element ${table} ${map} { ${key}${comment} : ${target.address} . ${podPort} }`;
  });
  const sources = ["127.0.0.0/8", target.near];
  return [
    ...lines,
    ...sources.map(
      (source) => `${verb} element ${table} answered_past_us { ${source} . ${target.address}${comment} }`,
    ),
    "",
  ].join("\n");
}
