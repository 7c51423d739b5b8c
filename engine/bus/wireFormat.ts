/** D-Bus values as bytes (little-endian), for the types that calls of ours are made of. */

export type BusValue = string | number | boolean | Uint8Array | Variant | readonly BusValue[];

/** A value that brings its type along. */
export class Variant {
  readonly signature: string;
  readonly value: BusValue;

  constructor(signature: string, value: BusValue) {
    this.signature = signature;
    this.value = value;
  }
}

/** The first complete type of a signature, e.g. `a(sv)` of `a(sv)u`. */
export function firstType(signature: string): string {
  const first = signature[0];
  if (first === "a") return `a${firstType(signature.slice(1))}`;
  if (first !== "(" && first !== "{") return first ?? "";
  let depth = 0;
  for (let index = 0; index < signature.length; index += 1) {
    if ("({".includes(signature[index] ?? "")) depth += 1;
    if (")}".includes(signature[index] ?? "")) depth -= 1;
    if (depth === 0) return signature.slice(0, index + 1);
  }
  throw new Error(`unfinished D-Bus signature: ${signature}`);
}

function typesOf(signature: string): readonly string[] {
  const types: string[] = [];
  for (let rest = signature; rest !== "";) {
    const type = firstType(rest);
    types.push(type);
    rest = rest.slice(type.length);
  }
  return types;
}

function alignmentOf(type: string): number {
  switch (type.charAt(0)) {
    case "y":
    case "g":
    case "v":
      return 1;
    case "t":
    case "x":
    case "d":
    case "(":
    case "{":
      return 8;
    default:
      return 4;
  }
}

export class BusWriter {
  #bytes = Buffer.alloc(256);
  #length = 0;

  align(to: number): void {
    const padding = (to - (this.#length % to)) % to;
    this.#room(padding).fill(0);
    this.#length += padding;
  }

  byte(value: number): void {
    this.#room(1)[0] = value;
    this.#length += 1;
  }

  uint32(value: number): void {
    this.align(4);
    this.#room(4).writeUInt32LE(value);
    this.#length += 4;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length).set(bytes);
    this.#length += bytes.length;
  }

  signature(text: string): void {
    this.byte(text.length);
    this.raw(Buffer.from(`${text}\0`));
  }

  values(signature: string, values: readonly BusValue[]): void {
    typesOf(signature).forEach((type, index) => {
      const value = values[index];
      if (value === undefined) throw new Error(`D-Bus: no value for ${type}`);
      this.value(type, value);
    });
  }

  value(type: string, value: BusValue): void {
    const kind = type[0];
    if (kind === "y" && typeof value === "number") this.byte(value);
    else if (kind === "b" && typeof value === "boolean") this.uint32(value ? 1 : 0);
    else if (kind === "u" && typeof value === "number") this.uint32(value);
    else if (kind === "t" && typeof value === "number") this.#uint64(value);
    else if ((kind === "s" || kind === "o") && typeof value === "string") this.#string(value);
    else if (kind === "v" && value instanceof Variant) {
      this.signature(value.signature);
      this.value(value.signature, value.value);
    } else if (kind === "(" && Array.isArray(value)) {
      this.align(8);
      this.values(type.slice(1, -1), value);
    } else if (kind === "a") this.#array(type.slice(1), value);
    else throw new Error(`D-Bus: a value that is no ${type}`);
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #array(type: string, value: BusValue): void {
    this.uint32(0);
    const lengthAt = this.#length - 4;
    this.align(alignmentOf(type));
    const start = this.#length;
    if (value instanceof Uint8Array) this.raw(value);
    else if (Array.isArray(value)) for (const each of value) this.value(type, each as BusValue);
    else throw new Error(`D-Bus: a value that is no a${type}`);
    this.#bytes.writeUInt32LE(this.#length - start, lengthAt);
  }

  #string(text: string): void {
    const bytes = Buffer.from(text);
    this.uint32(bytes.length);
    this.raw(bytes);
    this.byte(0);
  }

  #uint64(value: number): void {
    this.align(8);
    this.#room(8).writeBigUInt64LE(BigInt(value));
    this.#length += 8;
  }

  #room(count: number): Buffer {
    if (this.#length + count > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + count));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return this.#bytes.subarray(this.#length, this.#length + count);
  }
}

export class BusReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  align(to: number): void {
    this.#at += (to - (this.#at % to)) % to;
  }

  values(signature: string): readonly BusValue[] {
    return typesOf(signature).map((type) => this.value(type));
  }

  value(type: string): BusValue {
    switch (type.charAt(0)) {
      case "y":
        return this.#bytes.readUInt8(this.#at++);
      case "b":
        return this.#uint32() !== 0;
      case "u":
      case "i":
      case "h":
        return this.#uint32();
      case "n":
      case "q":
        this.align(2);
        this.#at += 2;
        return this.#bytes.readUInt16LE(this.#at - 2);
      case "x":
      case "t":
        this.align(8);
        this.#at += 8;
        return Number(this.#bytes.readBigUInt64LE(this.#at - 8));
      case "d":
        this.align(8);
        this.#at += 8;
        return this.#bytes.readDoubleLE(this.#at - 8);
      case "s":
      case "o":
        return this.#text(this.#uint32());
      case "g":
        return this.#text(this.#bytes.readUInt8(this.#at++));
      case "v": {
        const signature = this.#text(this.#bytes.readUInt8(this.#at++));
        return new Variant(signature, this.value(signature));
      }
      case "(":
      case "{":
        this.align(8);
        return this.values(type.slice(1, -1));
      case "a": {
        const length = this.#uint32();
        this.align(alignmentOf(type.slice(1)));
        const end = this.#at + length;
        const items: BusValue[] = [];
        while (this.#at < end) items.push(this.value(type.slice(1)));
        return items;
      }
      default:
        throw new Error(`D-Bus: unknown type ${type}`);
    }
  }

  #uint32(): number {
    this.align(4);
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }

  #text(length: number): string {
    this.#at += length + 1;
    return this.#bytes.toString("utf8", this.#at - length - 1, this.#at - 1);
  }
}
