/** Address arithmetic of a lab network (IPv4). */
import ipaddr from "ipaddr.js";
import { Fault } from "../errors/fault.ts";

export interface Subnet {
  readonly cidr: string;
  readonly prefix: number;
  /** The first address: the machine's own end of the bridge. */
  readonly gateway: string;
}

/** A range that is in use on the machine, and by what. */
export interface UsedRange {
  readonly cidr: string;
  readonly user: string;
}

export function parseSubnet(text: string): Subnet {
  const allowed = "an IPv4 network of 8 to 28 bits as in 10.77.0.0/24, all host bits zero";
  const [first, last] = rangeOf(text) ?? fail(text, allowed);
  const prefix = Number(text.split("/")[1]);
  if (prefix < 8 || prefix > 28 || numberOf(text.split("/")[0] ?? "") !== first) return fail(text, allowed);
  if (last - first < 3) return fail(text, allowed);
  return { cidr: text, prefix, gateway: addressOf(first + 1) };
}

function fail(text: string, allowed: string): never {
  throw new Fault({ what: "not a subnet for a lab network", got: text, allowed });
}

/** Undefined when the address may be a host's; otherwise why not. */
export function objectionToAddress(subnet: Subnet, address: string): string | undefined {
  const range = rangeOf(subnet.cidr);
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return "not an IPv4 address";
  const value = numberOf(address);
  if (range === undefined || value < range[0] || value > range[1]) return `outside ${subnet.cidr}`;
  if (value === range[0] || value === range[1]) return `reserved in ${subnet.cidr}`;
  return address === subnet.gateway ? "the gateway's own address" : undefined;
}

/** The first address from the tenth on that nobody has. */
export function freeAddress(subnet: Subnet, taken: readonly (string | undefined)[]): string {
  const range = rangeOf(subnet.cidr);
  for (let value = (range?.[0] ?? 0) + 10; range !== undefined && value < range[1]; value += 1) {
    if (!taken.includes(addressOf(value))) return addressOf(value);
  }
  throw new Fault({ what: "no address is left", where: subnet.cidr });
}

/** The ranges that overlap with the subnet. */
export function overlaps(subnet: Subnet, used: readonly UsedRange[]): UsedRange[] {
  const ours = rangeOf(subnet.cidr);
  if (ours === undefined) return [];
  return used.filter(({ cidr }) => {
    const theirs = rangeOf(cidr);
    return theirs !== undefined && theirs[0] <= ours[1] && ours[0] <= theirs[1];
  });
}

/** First and last address as numbers; undefined for anything that is not IPv4. */
function rangeOf(text: string): [number, number] | undefined {
  const [address = "", bits = "32"] = text.split("/");
  const prefix = Number(bits);
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) || !/^\d+$/.test(bits) || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  const first = Math.floor(numberOf(address) / size) * size;
  return [first, first + size - 1];
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

function addressOf(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
