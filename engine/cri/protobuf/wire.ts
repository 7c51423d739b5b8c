/** The bytes of protocol buffers: numbers of varying length, and fields that say how long they are. */

/** What is no message: cut short, or of another shape than its fields have. */
export class WireError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WireError";
  }
}

export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const MASK_64 = (1n << 64n) - 1n;

export class Writer {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  /** A number that is whole and not negative. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  /** Negative numbers as 64 bits in two's complement. */
  varint64(value: bigint): void {
    this.#reserve(10);
    let rest = value & MASK_64;
    while (rest >= 0x80n) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.#reserve(length);
    this.#length += this.#buffer.write(value, this.#length);
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

export class Reader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#offset >= this.#buffer.length;
  }

  varint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#buffer[this.#offset++];
      if (byte === undefined) throw new WireError("a number is cut short");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value & MASK_64;
    }
    throw new WireError("a number has more than 64 bits");
  }

  /** Of 32 bits, as tags and lengths are; what is larger loses its upper bits, as in every other reader. */
  varint(): number {
    const first = this.#buffer[this.#offset];
    if (first !== undefined && first < 0x80) {
      this.#offset += 1;
      return first;
    }
    return Number(BigInt.asUintN(32, this.varint64()));
  }

  double(): number {
    return this.#take(8).readDoubleLE(0);
  }

  bytes(): Buffer {
    return this.#take(this.varint());
  }

  text(): string {
    try {
      return utf8.decode(this.bytes());
    } catch (error) {
      if (error instanceof TypeError) throw new WireError("a text is not UTF-8");
      throw error;
    }
  }

  /** Passes over a field that nobody here knows. */
  skip(wireType: number): void {
    switch (wireType) {
      case wireTypes.varint:
        this.varint64();
        break;
      case wireTypes.fixed64:
        this.#take(8);
        break;
      case wireTypes.bytes:
        this.bytes();
        break;
      case wireTypes.fixed32:
        this.#take(4);
        break;
      default:
        throw new WireError(`a field is of the unknown wire type ${wireType}`);
    }
  }

  #take(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.#buffer.length) throw new WireError("a field is cut short");
    const taken = this.#buffer.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }
}
