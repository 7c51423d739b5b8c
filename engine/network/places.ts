import { join } from "node:path";
import type { Folders } from "../context.ts";

/**
 * Where the network's parts lie. All pods of a host share them, of whichever data folder, because a host has one set
 * of addresses, ports and rules; so only plugins depend on the context.
 */
export interface NetworkPlaces {
  /** Which pod holds what until the next boot, and the lock on packet rules. */
  readonly runtime: string;
  /** Pinned network namespaces. */
  readonly namespaces: string;
  /** Addresses given out by host-local, a folder for each network. */
  readonly leases: string;
  /** Where plugins are looked for, in this order. */
  readonly plugins: readonly string[];
  /** Those among them whose plugins are the ones that everybody has. */
  readonly distributed: readonly string[];
}

const DISTRIBUTED = ["/usr/lib/cni", "/opt/cni/bin"];

export function networkPlaces(folders: Folders): NetworkPlaces {
  return {
    runtime: "/run/rkt/network",
    namespaces: "/run/netns",
    leases: "/var/lib/cni/networks",
    plugins: [join(folders.local, "net.d"), join(folders.system, "plugins/net"), ...DISTRIBUTED],
    distributed: DISTRIBUTED,
  };
}
