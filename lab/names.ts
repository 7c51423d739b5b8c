/**
 * Names of the kernel's objects that belong to a network or a host. Interfaces allow 15 characters, and two
 * labs (two checkouts with caches of their own) may run on one machine: so each name carries a short hash of
 * where the thing's state lies.
 */
import { createHash } from "node:crypto";

export interface NetworkNames {
  readonly id: string;
  readonly bridge: string;
  readonly nftTable: string;
}

export interface HostNames {
  readonly id: string;
  /** The end of the host's cable that lies on the machine. */
  readonly cable: string;
  readonly machine: string;
  readonly cgroup: string;
  readonly unit: string;
  readonly mac: string;
}

export function networkNames(folder: string): NetworkNames {
  const id = shortHash(folder);
  return { id, bridge: `rkb${id}`, nftTable: `rktnetes_lab_${id}` };
}

export function hostNames(folder: string): HostNames {
  const id = shortHash(folder);
  return {
    id,
    cable: `rkv${id}`,
    machine: `rk-${id}`,
    cgroup: `rktnetes-lab-${id}`,
    unit: `rktnetes-lab-${id}.service`,
    mac: macAddress(folder),
  };
}

/** The same host always gets the same address, so that neighbours' tables stay right when it is made anew. */
function macAddress(folder: string): string {
  const digest = createHash("sha256").update(`mac\0${folder}`).digest();
  const octets = [0x02, ...digest.subarray(0, 5)];
  return octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":");
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
