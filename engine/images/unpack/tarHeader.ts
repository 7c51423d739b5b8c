import { Fault } from "../../../errors/fault.ts";

export const BLOCK = 512;

/** The fields of one 512-byte header, before pax and GNU extensions have their say. */
export interface TarHeader {
  readonly type: string;
  readonly name: Buffer;
  readonly linkName: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
}

/** Undefined for a block of zeros, with which archives end. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  const stated = field(block, 148, 8, "checksum", true);
  if (!checksumHolds(block, stated)) {
    if (block.every((byte) => byte === 0)) return undefined;
    throw new Fault({
      what: "not a tar archive, or a damaged one: a header's checksum is wrong",
    });
  }
  const name = text(block, 0, 100);
  // GNU's older magic ("ustar  ") uses the place of the prefix for other things.
  const isPosix = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? text(block, 345, 155) : Buffer.alloc(0);
  return {
    type: String.fromCharCode(block[156] ?? 0),
    name: Buffer.from(prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name])),
    linkName: Buffer.from(text(block, 157, 100)),
    mode: field(block, 100, 8, "mode") & 0o7777,
    uid: field(block, 108, 8, "uid"),
    gid: field(block, 116, 8, "gid"),
    size: field(block, 124, 12, "size"),
    mtime: field(block, 136, 12, "mtime", true),
  };
}

/** Some old writers summed signed bytes; both sums are accepted, as everywhere. */
function checksumHolds(block: Buffer, stated: number): boolean {
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let at = 0; at < BLOCK; at++) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    unsigned += byte;
    if (byte > 127) high++;
  }
  return stated === unsigned || stated === unsigned - 256 * high;
}

function text(block: Buffer, from: number, length: number): Buffer {
  const zero = block.indexOf(0, from);
  const end = zero === -1 || zero > from + length ? from + length : zero;
  return block.subarray(from, end);
}

/** Octal digits, or GNU's base 256 where the first bit is set. Unreadable ones are NaN only where the caller copes. */
function field(block: Buffer, from: number, length: number, name: string, lenient = false): number {
  const first = block[from] ?? 0;
  if ((first & 0x80) !== 0) return base256(block, from, length, name, lenient);
  const digits = block
    .toString("latin1", from, from + length)
    .replace(/\0.*$/s, "")
    .trim();
  if (digits === "") return 0;
  if (/^[0-7]+$/.test(digits)) return Number.parseInt(digits, 8);
  if (lenient) return name === "mtime" ? 0 : NaN;
  throw badField(name, digits);
}

function base256(block: Buffer, from: number, length: number, name: string, lenient: boolean): number {
  const bytes = block.subarray(from, from + length);
  const negative = ((bytes[0] ?? 0) & 0x40) !== 0;
  let number = BigInt((bytes[0] ?? 0) & (negative ? 0xff : 0x7f));
  for (const byte of bytes.subarray(1)) number = (number << 8n) | BigInt(byte);
  if (negative) number -= 1n << BigInt(8 * length);
  const plain = Number(number);
  if (!Number.isSafeInteger(plain) || (negative && !lenient)) throw badField(name, number.toString());
  return plain;
}

function badField(name: string, got: string): Fault {
  return new Fault({
    what: `the archive has a malformed header: ${name} is no number it may be`,
    got: JSON.stringify(got.slice(0, 40)),
  });
}
