/**
 * Addresses for a lab of the tests' that nobody on this machine has: two checkouts may run their tests at the same
 * time, and a lab for people's own use lies elsewhere.
 */
import { createHash } from "node:crypto";
import { labFolders } from "../../lab/folders.ts";
import { recordedNetwork } from "../../lab/network.ts";
import { usedRanges } from "../../lab/routes.ts";
import { overlaps, parseSubnet, type UsedRange } from "../../lab/subnet.ts";

export interface LabRange {
  /** As in 10.79.3.0/24. */
  readonly subnet: string;
  /** This machine's own address in it. */
  readonly gateway: string;
  /** The address with that last number. */
  address(number: number): string;
}

const SUBNETS = [78, 79].flatMap((second) =>
  Array.from({ length: 256 }, (_, third) => `10.${second}.${third}.0/24`),
);

/** Chosen by this process, whether or not they are in use yet. */
const chosen: UsedRange[] = [];

/**
 * For the lab network of that name. What a run that was cut off has left of it keeps its range, by which it is found
 * and taken away; else the search begins where the name leads, so that two who search at once hardly meet.
 */
export async function labRange(network: string): Promise<LabRange> {
  const left = await recordedNetwork(network, labFolders());
  const subnet = left?.subnet ?? freeSubnet(network, [...(await usedRanges("")), ...chosen]);
  chosen.push({ cidr: subnet, user: network });
  return rangeOf(subnet);
}

export function freeSubnet(network: string, used: readonly UsedRange[]): string {
  const start = createHash("sha256").update(network).digest().readUInt32BE() % SUBNETS.length;
  const candidates = [...SUBNETS.slice(start), ...SUBNETS.slice(0, start)];
  const free = candidates.find((subnet) => overlaps(parseSubnet(subnet), used).length === 0);
  if (free === undefined) throw new Error("no range is left on this machine for a lab of the tests");
  return free;
}

function rangeOf(subnet: string): LabRange {
  const { gateway } = parseSubnet(subnet);
  const stem = gateway.slice(0, gateway.lastIndexOf("."));
  return { subnet, gateway, address: (number) => `${stem}.${number}` };
}
