/**
 * The way from a pod's network namespace into its virtual machine: what CNI made stays a port of a bridge, and the
 * machine takes its addresses, its routes and its hardware address over.
 */
import { execFileSync } from "node:child_process";
import type { PodNetwork } from "../../engine/network/podNetwork.ts";
import type { GuestInterface } from "./guestInit.ts";

export interface Cable extends GuestInterface {
  readonly tap: string;
  readonly mac: string;
  /** What makes it, inside the namespace. */
  readonly script: string;
}

interface LinkFacts {
  readonly address: string;
  readonly addr_info: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
  }[];
}

interface RouteFacts {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
}

export function cablesOf(network: PodNetwork): readonly Cable[] {
  if (network.kind !== "own") return [];
  const ask = (words: readonly string[]): unknown =>
    JSON.parse(
      execFileSync("nsenter", [`--net=${network.path}`, "ip", "-json", ...words], { encoding: "utf8" }),
    );
  return network.attached.map(({ ifName }, index) => {
    const [facts] = ask(["address", "show", "dev", ifName]) as readonly LinkFacts[];
    if (facts === undefined) throw new Error(`${network.path} has no ${ifName}`);
    const routes = ask(["-4", "route", "show", "dev", ifName]) as readonly RouteFacts[];
    return cable(index, ifName, facts, routes);
  });
}

export function cable(index: number, ifName: string, facts: LinkFacts, routes: readonly RouteFacts[]): Cable {
  const tap = `tap${index}`;
  const bridge = `cable${index}`;
  const name = `eth${index}`;
  const addresses = facts.addr_info
    .filter(({ family }) => family === "inet")
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  return {
    name,
    tap,
    mac: facts.address,
    addresses,
    routes: routes
      // The kernel adds those to its own networks by itself.
      .filter(({ protocol }) => protocol !== "kernel")
      .toSorted((one, other) => Number(one.gateway !== undefined) - Number(other.gateway !== undefined))
      .map(({ dst, gateway }) =>
        gateway === undefined ? `${dst} dev ${name}` : `${dst} via ${gateway} dev ${name} onlink`,
      ),
    script: [
      `ip address flush dev ${ifName}`,
      `ip link set ${ifName} down`,
      // The machine has its address from now on; the bridge would keep frames to it for itself.
      `ip link set ${ifName} address ${otherAddress(facts.address)}`,
      `ip link add ${bridge} type bridge`,
      `ip tuntap add dev ${tap} mode tap`,
      `ip link set ${ifName} master ${bridge} up`,
      `ip link set ${tap} master ${bridge} up`,
      `ip link set ${bridge} up`,
    ].join(" && "),
  };
}

/** One that differs, and is of those that anybody may give out. */
function otherAddress(mac: string): string {
  const bytes = mac.split(":").map((byte) => parseInt(byte, 16));
  const last = ((bytes[5] ?? 0) ^ 0x55) & 0xff;
  return [0x02, ...bytes.slice(1, 5), last].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
