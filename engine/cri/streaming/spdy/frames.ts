/** Frames of SPDY/3.1 as bytes and back. Nothing here knows what they mean. */

export type Frame =
  | { readonly type: "data"; readonly stream: number; readonly fin: boolean; readonly data: Buffer }
  | {
      readonly type: "synStream";
      readonly stream: number;
      readonly fin: boolean;
      readonly unidirectional: boolean;
      readonly block: Buffer;
    }
  | {
      readonly type: "synReply" | "headers";
      readonly stream: number;
      readonly fin: boolean;
      readonly block: Buffer;
    }
  | { readonly type: "rstStream"; readonly stream: number; readonly status: number }
  | { readonly type: "settings"; readonly initialWindow: number | undefined }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "goAway"; readonly lastGoodStream: number; readonly status: number }
  | { readonly type: "windowUpdate"; readonly stream: number; readonly delta: number };

export type FrameOf<Type extends Frame["type"]> = Extract<Frame, { readonly type: Type }>;

/** Why a stream is reset. */
export const resetStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  cancel: 5,
  internalError: 6,
  flowControlError: 7,
  streamAlreadyClosed: 9,
} as const;

/** Why a connection goes away. */
export const goAwayStatus = { ok: 0, protocolError: 1, internalError: 2 } as const;

/** Whatever breaks the protocol for the connection as a whole. */
export class SpdyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SpdyError";
  }
}

const VERSION = 3;
const HEAD = 8;
const FIN = 0x01;
const UNIDIRECTIONAL = 0x02;
const INITIAL_WINDOW_SIZE = 7;
/** Control frames hold headers at most; nobody's are as large as this. */
const LARGEST_CONTROL = 64 << 10;
export const LARGEST_WINDOW = 0x7fffffff;

const kinds = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

/** The eight bytes before the data of a data frame. */
export function dataHead(stream: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(stream, 0);
  head.writeUInt32BE(length, 4);
  head[4] = fin ? FIN : 0;
  return head;
}

export function encodeFrame(frame: Exclude<Frame, { readonly type: "data" }>): Buffer {
  switch (frame.type) {
    case "synStream": {
      const flags = (frame.fin ? FIN : 0) | (frame.unidirectional ? UNIDIRECTIONAL : 0);
      return control(kinds.synStream, flags, [numbers(frame.stream, 0), Buffer.alloc(2), frame.block]);
    }
    case "synReply":
    case "headers":
      return control(kinds[frame.type], frame.fin ? FIN : 0, [numbers(frame.stream), frame.block]);
    case "rstStream":
      return control(kinds.rstStream, 0, [numbers(frame.stream, frame.status)]);
    case "settings": {
      const { initialWindow } = frame;
      const entry = initialWindow === undefined ? [0] : [1, INITIAL_WINDOW_SIZE, initialWindow];
      return control(kinds.settings, 0, [numbers(...entry)]);
    }
    case "ping":
      return control(kinds.ping, 0, [numbers(frame.id)]);
    case "goAway":
      return control(kinds.goAway, 0, [numbers(frame.lastGoodStream, frame.status)]);
    case "windowUpdate":
      return control(kinds.windowUpdate, 0, [numbers(frame.stream, frame.delta)]);
  }
}

function control(kind: number, flags: number, parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(HEAD);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(kind, 2);
  head.writeUInt32BE(length, 4);
  head[4] = flags;
  return Buffer.concat([head, ...parts]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

/** Takes bytes as they come. Data is handed on in pieces, so that a frame of any length needs no memory. */
export class FrameReader {
  #head = Buffer.alloc(0);
  #body: Buffer[] = [];
  /** Of the frame that is being read; undefined between frames. */
  #open: { readonly head: Buffer; left: number } | undefined;

  *read(chunk: Buffer): Generator<Frame> {
    let rest = chunk;
    for (;;) {
      if (this.#open === undefined) {
        const missing = HEAD - this.#head.length;
        this.#head = Buffer.concat([this.#head, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.#head.length < HEAD) return;
        this.#open = begun(this.#head);
        this.#head = Buffer.alloc(0);
      }
      const { head, left } = this.#open;
      const piece = rest.subarray(0, left);
      rest = rest.subarray(piece.length);
      this.#open.left -= piece.length;
      const complete = this.#open.left === 0;
      if (complete) this.#open = undefined;
      if (isData(head)) {
        const fin = complete && ((head[4] ?? 0) & FIN) !== 0;
        if (piece.length > 0 || fin) {
          yield { type: "data", stream: head.readUInt32BE(0) & 0x7fffffff, fin, data: piece };
        }
      } else {
        this.#body.push(piece);
        if (complete) {
          const body = Buffer.concat(this.#body);
          this.#body = [];
          const frame = controlFrame(head, body);
          if (frame !== undefined) yield frame;
        }
      }
      if (!complete) return;
    }
  }
}

function isData(head: Buffer): boolean {
  return ((head[0] ?? 0) & 0x80) === 0;
}

function begun(head: Buffer): { readonly head: Buffer; left: number } {
  const left = head.readUInt32BE(4) & 0xffffff;
  if (!isData(head)) {
    const version = head.readUInt16BE(0) & 0x7fff;
    if (version !== VERSION) throw new SpdyError(`a frame is of version ${version} and not of ${VERSION}`);
    if (left > LARGEST_CONTROL) throw new SpdyError(`a control frame has ${left} bytes`);
  }
  return { head, left };
}

/** Undefined for kinds that nobody here knows, which are to be passed over. */
function controlFrame(head: Buffer, body: Buffer): Frame | undefined {
  const kind = head.readUInt16BE(2);
  const flags = head[4] ?? 0;
  const fin = (flags & FIN) !== 0;
  const stream = (): number => numberAt(body, 0) & 0x7fffffff;
  switch (kind) {
    case kinds.synStream: {
      if (body.length < 10) throw new SpdyError("a SYN_STREAM frame is cut short");
      const unidirectional = (flags & UNIDIRECTIONAL) !== 0;
      return { type: "synStream", stream: stream(), fin, unidirectional, block: body.subarray(10) };
    }
    case kinds.synReply:
      return { type: "synReply", stream: stream(), fin, block: body.subarray(4) };
    case kinds.headers:
      return { type: "headers", stream: stream(), fin, block: body.subarray(4) };
    case kinds.rstStream:
      return { type: "rstStream", stream: stream(), status: numberAt(body, 4) };
    case kinds.settings:
      return { type: "settings", initialWindow: initialWindowIn(body) };
    case kinds.ping:
      return { type: "ping", id: numberAt(body, 0) };
    case kinds.goAway:
      return { type: "goAway", lastGoodStream: stream(), status: numberAt(body, 4) };
    case kinds.windowUpdate:
      return { type: "windowUpdate", stream: stream(), delta: numberAt(body, 4) & LARGEST_WINDOW };
    default:
      return undefined;
  }
}

function initialWindowIn(body: Buffer): number | undefined {
  const count = numberAt(body, 0);
  if (body.length < 4 + count * 8) throw new SpdyError("a SETTINGS frame is cut short");
  for (let index = 0; index < count; index += 1) {
    const at = 4 + index * 8;
    if ((numberAt(body, at) & 0xffffff) === INITIAL_WINDOW_SIZE) {
      return Math.min(numberAt(body, at + 4), LARGEST_WINDOW);
    }
  }
  return undefined;
}

function numberAt(body: Buffer, offset: number): number {
  if (body.length < offset + 4) throw new SpdyError("a control frame is cut short");
  return body.readUInt32BE(offset);
}
