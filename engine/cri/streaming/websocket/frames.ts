/** Frames of WebSocket (RFC 6455): what a server sends, and what a client sends to it. */

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WebSocketFrame {
  readonly opcode: number;
  /** The last frame of a message. */
  readonly fin: boolean;
  readonly payload: Buffer;
}

/** Why a connection is closed. */
export const closeCodes = { normal: 1000, protocolError: 1002, badText: 1007, tooBig: 1009 } as const;

export class WebSocketError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "WebSocketError";
    this.code = code;
  }
}

/** Clients of Kubernetes send 32 KiB at a time. */
export const LARGEST_MESSAGE = 4 << 20;
const LARGEST_CONTROL = 125;

export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 0x10000 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 0x10000 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

export class FrameReader {
  #pieces: Buffer[] = [];
  #length = 0;
  /** So many bytes are needed before it is worth while to look again. */
  #needed = 2;

  *read(chunk: Buffer): Generator<WebSocketFrame> {
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#needed) {
      const bytes = Buffer.concat(this.#pieces);
      const head = headOf(bytes);
      const whole = head === undefined ? headLength(bytes) : head.length + head.payload;
      if (head === undefined || bytes.length < whole) {
        this.#pieces = [bytes];
        this.#needed = whole;
        return;
      }
      this.#pieces = [bytes.subarray(whole)];
      this.#length = bytes.length - whole;
      this.#needed = 2;
      const payload = unmasked(bytes.subarray(head.length, whole), head.mask);
      yield { opcode: head.opcode, fin: head.fin, payload };
    }
  }
}

interface Head {
  readonly opcode: number;
  readonly fin: boolean;
  readonly mask: Buffer;
  readonly length: number;
  readonly payload: number;
}

function headLength(bytes: Buffer): number {
  const short = (bytes[1] ?? 0) & 0x7f;
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + 4;
}

/** Undefined while it is not all there. */
function headOf(bytes: Buffer): Head | undefined {
  const [first = 0, second = 0] = bytes;
  const opcode = first & 0x0f;
  const fin = (first & 0x80) !== 0;
  const short = second & 0x7f;
  if ((first & 0x70) !== 0) throw broken("a frame of an extension that nobody asked for");
  if ((second & 0x80) === 0) throw broken("a client's frame that is not masked");
  if (opcode > opcodes.binary && opcode < opcodes.close) throw broken("a frame of an unknown kind");
  if (opcode > opcodes.pong) throw broken("a control frame of an unknown kind");
  if (opcode >= opcodes.close && (!fin || short > LARGEST_CONTROL)) {
    throw broken("a control frame that is too long or in parts");
  }
  const length = headLength(bytes);
  if (bytes.length < length) return undefined;
  const long =
    short === 127 ? bytes.readBigUInt64BE(2) : BigInt(short === 126 ? bytes.readUInt16BE(2) : short);
  if (long > BigInt(LARGEST_MESSAGE)) throw new WebSocketError(closeCodes.tooBig, "a frame is too large");
  return { opcode, fin, mask: bytes.subarray(length - 4, length), length, payload: Number(long) };
}

/** Four bytes at a time, which is most of the work of a long transfer. */
function unmasked(payload: Buffer, mask: Buffer): Buffer {
  const plain = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(plain);
  const words = new Uint32Array(plain.buffer, 0, payload.length >>> 2);
  const [key = 0] = new Uint32Array(Uint8Array.from(mask).buffer);
  for (let index = 0; index < words.length; index += 1) words[index] = (words[index] ?? 0) ^ key;
  for (let index = words.length * 4; index < plain.length; index += 1) {
    plain[index] = (plain[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
  return plain;
}

function broken(what: string): WebSocketError {
  return new WebSocketError(closeCodes.protocolError, what);
}
