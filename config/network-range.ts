/** IPv4 ranges as plain numbers: containment, overlap and division. */
import ipaddr from "ipaddr.js";

export interface Range {
  readonly text: string;
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

export function addressNumber(address: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return undefined;
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** Parses `10.0.0.0/16`; undefined when it is no range or its address has bits beyond the prefix. */
export function parseRange(text: string): Range | undefined {
  const match = /^([0-9.]+)\/(\d{1,2})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const first = addressNumber(match[1]);
  const prefix = Number(match[2]);
  if (first === undefined || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  return first % size === 0 ? { text, first, last: first + size - 1, prefix } : undefined;
}

export function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(range: Range, address: string): boolean {
  const number = addressNumber(address);
  return number !== undefined && number >= range.first && number <= range.last;
}

/** The n-th address of a range; 0 is the network itself. */
export function addressAt(range: Range, index: number): string {
  if (index < 0 || range.first + index > range.last)
    throw new RangeError(`${range.text} has no address ${index}`);
  return addressText(range.first + index);
}

/** The n-th part of a range cut into parts of the given prefix; undefined when there is none. */
export function partAt(range: Range, prefix: number, index: number): string | undefined {
  const size = 2 ** (32 - prefix);
  const first = range.first + index * size;
  if (prefix < range.prefix || index < 0 || first + size - 1 > range.last) return undefined;
  return `${addressText(first)}/${prefix}`;
}
