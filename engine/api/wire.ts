/**
 * Protocol Buffers' wire format, as far as the API needs it: https://protobuf.dev/programming-guides/encoding/. Fields
 * are written and read one by one, so that a message's few lines say which number means what.
 */

/** A message that is none. Whoever sent it is told; nothing else comes of it. */
export class MalformedMessage extends Error {
  constructor(why: string) {
    super(`malformed message: ${why}`);
    this.name = "MalformedMessage";
  }
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
/** 64 bits, seven to a byte. */
const LONGEST_VARINT = 10;

/** A field as it was met. Its reader knows what it is; a field that nobody reads is passed over. */
export class WireField {
  readonly number: number;
  readonly #content: bigint | Buffer;

  constructor(number: number, content: bigint | Buffer) {
    this.number = number;
    this.#content = content;
  }

  bytes(): Buffer {
    if (typeof this.#content === "bigint") throw this.#unexpected();
    return this.#content;
  }

  text(): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes());
    } catch (error) {
      if (error instanceof MalformedMessage) throw error;
      throw new MalformedMessage(`field ${this.number} is no UTF-8`);
    }
  }

  bool(): boolean {
    return this.#integer() !== 0n;
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.#integer());
  }

  int32(): number {
    return Number(BigInt.asIntN(32, this.#integer()));
  }

  /** A repeated number: one by one, or several packed together. */
  int32s(): readonly number[] {
    if (typeof this.#content === "bigint") return [this.int32()];
    const numbers: number[] = [];
    const reader = new Reader(this.#content);
    while (!reader.atEnd) numbers.push(Number(BigInt.asIntN(32, reader.varint())));
    return numbers;
  }

  #integer(): bigint {
    if (typeof this.#content !== "bigint") throw this.#unexpected();
    return this.#content;
  }

  #unexpected(): MalformedMessage {
    return new MalformedMessage(`field ${this.number} is of another type`);
  }
}

/** The fields of a message, in the order in which they came. */
export function* fieldsOf(message: Buffer): Generator<WireField> {
  const reader = new Reader(message);
  while (!reader.atEnd) {
    const key = reader.varint();
    const number = Number(key >> 3n);
    if (number < 1 || number >= 2 ** 29) throw new MalformedMessage("a field has no number");
    const type = Number(key & 7n);
    switch (type) {
      case VARINT:
        yield new WireField(number, reader.varint());
        break;
      case FIXED64:
        yield new WireField(number, reader.take(8));
        break;
      case BYTES:
        yield new WireField(number, reader.take(Number(reader.varint())));
        break;
      case FIXED32:
        yield new WireField(number, reader.take(4));
        break;
      default:
        throw new MalformedMessage(`field ${number} has the unknown type ${type}`);
    }
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let index = 0; index < LONGEST_VARINT; index++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new MalformedMessage("it is cut off");
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedMessage("a number is too long");
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new MalformedMessage("it is cut off");
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}

/** What is as by default is not written at all. */
const nothing = Buffer.alloc(0);

export function text(number: number, value: string): Buffer {
  return value === "" ? nothing : lengthAndBytes(number, Buffer.from(value));
}

export function bytes(number: number, value: Buffer): Buffer {
  return value.length === 0 ? nothing : lengthAndBytes(number, value);
}

export function bool(number: number, value: boolean): Buffer {
  return int64(number, value ? 1n : 0n);
}

/** Also for the numbers of an enumeration. */
export function int32(number: number, value: number): Buffer {
  return int64(number, BigInt(value));
}

export function int64(number: number, value: bigint): Buffer {
  return value === 0n ? nothing : Buffer.concat([key(number, VARINT), varint(BigInt.asUintN(64, value))]);
}

/** Negative numbers are short as well. */
export function sint32(number: number, value: number): Buffer {
  return int64(number, value >= 0 ? BigInt(value) * 2n : BigInt(-value) * 2n - 1n);
}

/** A message within a message is there even if it is empty. */
export function message(number: number, parts: readonly Buffer[]): Buffer {
  return lengthAndBytes(number, Buffer.concat(parts));
}

export function each<T>(values: readonly T[], write: (value: T) => Buffer): Buffer {
  return Buffer.concat(values.map(write));
}

/** Of a repeated text even the empty ones count. */
export function texts(number: number, values: readonly string[]): Buffer {
  return each(values, (value) => lengthAndBytes(number, Buffer.from(value)));
}

function lengthAndBytes(number: number, value: Buffer): Buffer {
  return Buffer.concat([key(number, BYTES), varint(BigInt(value.length)), value]);
}

function key(number: number, type: number): Buffer {
  return varint(BigInt(number * 8 + type));
}

function varint(value: bigint): Buffer {
  const written: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) written.push(Number(rest & 0x7fn) | 0x80);
  written.push(Number(rest));
  return Buffer.from(written);
}
