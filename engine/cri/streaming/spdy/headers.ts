/** Headers of SPDY streams: names and values, compressed in one go over the life of a connection. */
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";
import { headerDictionary } from "./dictionary.ts";
import { SpdyError } from "./frames.ts";

/** By lower-case name; several values of one name are one text with zero bytes between them. */
export type Headers = ReadonlyMap<string, string>;

/** Streams of Kubernetes have three short headers; more than this is a bomb. */
const LARGEST_BLOCK = 64 << 10;
const MOST_HEADERS = 100;

export function encodeHeaders(headers: Headers): Buffer {
  const parts = [uint32(headers.size)];
  for (const pair of headers) {
    for (const text of pair) {
      const bytes = Buffer.from(text);
      parts.push(uint32(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

/** Undefined for what is no block of headers, which is the stream's mistake and not the connection's. */
export function decodeHeaders(block: Buffer): Headers | undefined {
  let offset = 0;
  const number = (): number | undefined => {
    if (block.length < offset + 4) return undefined;
    offset += 4;
    return block.readUInt32BE(offset - 4);
  };
  const text = (): string | undefined => {
    const length = number();
    if (length === undefined || block.length < offset + length) return undefined;
    offset += length;
    return block.toString("utf8", offset - length, offset);
  };
  const count = number();
  if (count === undefined || count > MOST_HEADERS) return undefined;
  const headers = new Map<string, string>();
  for (let index = 0; index < count; index += 1) {
    const name = text();
    const value = text();
    if (name === undefined || name === "" || value === undefined) return undefined;
    if (name !== name.toLowerCase() || headers.has(name)) return undefined;
    headers.set(name, value);
  }
  return headers;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One direction of a connection. Blocks depend on those before them: call it in the order of the frames. */
abstract class Codec<Engine extends Deflate | Inflate> {
  readonly #engine: Engine;
  #pieces: Buffer[] = [];
  #size = 0;
  #failure: Error | undefined;
  #waiting: ((error: Error) => void) | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    engine.on("data", (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#size += piece.length;
      if (this.#size > LARGEST_BLOCK) this.#fail(new SpdyError("headers are too large"));
    });
    engine.on("error", (cause) => {
      this.#fail(new SpdyError(`headers cannot be read: ${cause.message}`));
    });
  }

  process(block: Buffer): Promise<Buffer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = reject;
      this.#engine.write(block);
      this.#engine.flush(constants.Z_SYNC_FLUSH, () => {
        const whole = Buffer.concat(this.#pieces);
        this.#pieces = [];
        this.#size = 0;
        resolve(whole);
      });
    });
  }

  /** Gives back what zlib holds, which no garbage collection does soon. */
  close(): void {
    this.#engine.close();
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#pieces = [];
    this.#engine.close();
    this.#waiting?.(error);
  }
}

export class HeaderCompressor extends Codec<Deflate> {
  constructor() {
    super(createDeflate({ dictionary: headerDictionary, memLevel: 5, windowBits: 11 }));
  }
}

export class HeaderDecompressor extends Codec<Inflate> {
  constructor() {
    super(createInflate({ dictionary: headerDictionary }));
  }
}
