import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "../../errors/fault.ts";
import { hasCode } from "../../errors/diskFault.ts";

export type Compression = "gzip" | "bzip2" | "xz" | "zstd" | "none";

/** How far content may swell. Honest images stay below 20 times; long runs of zeros alone reach the ratio. */
export interface SwellLimits {
  /** Bytes after which the ratio counts: small images of zeros harm nobody. */
  readonly free: number;
  readonly ratio: number;
  readonly bytes: number;
}

export const defaultSwellLimits: SwellLimits = { free: 1024 ** 3, ratio: 200, bytes: 64 * 1024 ** 3 };

/** Bytes needed to tell. */
const LONGEST_MAGIC = 6;

const magics: readonly (readonly [Compression, Buffer])[] = [
  ["gzip", Buffer.from([0x1f, 0x8b])],
  ["bzip2", Buffer.from("BZh")],
  ["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
];

export function compressionOf(beginning: Buffer): Compression {
  const found = magics.find(([, magic]) => beginning.subarray(0, magic.length).equals(magic));
  return found?.[0] ?? "none";
}

/** Node's own default of 16 KiB would spend more on passing pieces on than on unpacking. */
const PIECE = 1024 * 1024;

/**
 * Passes content on uncompressed, by what its first bytes say it is, to `take`, piece after piece. With limits against
 * archives that swell without end; memory stays at a few pieces.
 */
export async function decompress(
  content: Readable,
  take: (piece: Buffer) => void | Promise<void>,
  limits: SwellLimits = defaultSwellLimits,
): Promise<void> {
  const counted = { before: 0, after: 0 };
  const { beginning, rest } = await peek(content);
  const compression = compressionOf(beginning);
  const count = (piece: Buffer): void => {
    counted.before += piece.length;
  };
  const receive = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of pieces) {
      counted.after += piece.length;
      checkSwelling(counted, compression, limits);
      await take(piece);
    }
  };
  const source = counting(beginning, rest, count);
  switch (compression) {
    case "none":
      await pipeline(source, receive);
      return;
    case "gzip":
    case "zstd":
      await throughZlib(compression, source, receive);
      return;
    case "bzip2":
      await throughProgram("bzip2", ["-dc"], source, receive);
      return;
    case "xz":
      await throughProgram("xz", ["-dc", "--memlimit-decompress=256MiB"], source, receive);
      return;
    default:
      throw new Error(compression satisfies never);
  }
}

function checkSwelling(
  counted: { readonly before: number; readonly after: number },
  compression: Compression,
  limits: SwellLimits,
): void {
  if (counted.after > limits.bytes) {
    throw new Fault({ what: `the image unpacks to more than ${limits.bytes} bytes` });
  }
  if (
    compression !== "none" &&
    counted.after > limits.free &&
    counted.after > limits.ratio * counted.before
  ) {
    throw new Fault({
      what: `the image swells to more than ${limits.ratio} times its size: a trap`,
      got: `${counted.before} bytes of ${compression} became ${counted.after}`,
    });
  }
}

/** The first bytes, and an iterator that goes on after them. */
async function peek(content: Readable): Promise<{ beginning: Buffer; rest: AsyncIterator<Buffer> }> {
  const rest: AsyncIterator<Buffer> = content[Symbol.asyncIterator]();
  let beginning: Buffer = Buffer.alloc(0);
  while (beginning.length < LONGEST_MAGIC) {
    const next = await rest.next();
    if (next.done === true) break;
    beginning = beginning.length === 0 ? next.value : Buffer.concat([beginning, next.value]);
  }
  return { beginning, rest };
}

async function* counting(
  beginning: Buffer,
  rest: AsyncIterator<Buffer>,
  count: (piece: Buffer) => void,
): AsyncGenerator<Buffer> {
  try {
    count(beginning);
    if (beginning.length > 0) yield beginning;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      count(next.value);
      yield next.value;
    }
  } finally {
    // Closes the source when the reader gave up early.
    await rest.return?.();
  }
}

async function throughZlib(
  compression: "gzip" | "zstd",
  source: AsyncIterable<Buffer>,
  receive: (pieces: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const { createGunzip, createZstdDecompress } = await import("node:zlib");
  const options = { chunkSize: PIECE };
  const unpacker = compression === "gzip" ? createGunzip(options) : createZstdDecompress(options);
  let damage: unknown;
  unpacker.on("error", (error) => {
    damage ??= error;
  });
  try {
    await pipeline(source, unpacker, receive);
  } catch (error) {
    throw error === damage ? new Fault({ what: `damaged ${compression} data`, cause: error }) : error;
  }
}

/** A child whose memory is bounded by itself; it ends with us, for its input does. */
async function throughProgram(
  program: string,
  args: readonly string[],
  source: AsyncIterable<Buffer>,
  receive: (pieces: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    said = `${said}${text}`.slice(0, 400);
  });
  const ended = new Promise<Fault | undefined>((resolve) => {
    child.on("error", (error) => {
      resolve(new Fault({ what: `cannot start ${program}, which this image needs`, cause: error }));
    });
    child.on("close", (code) => {
      resolve(code === 0 ? undefined : new Fault({ what: `damaged ${program} data`, got: said.trim() }));
    });
  });
  const both = await Promise.allSettled([
    pipeline(source, child.stdin),
    pipeline(child.stdout, receive).catch((error: unknown) => {
      child.kill("SIGKILL");
      throw error;
    }),
  ]);
  const fault = await ended;
  const [fed, received] = both;
  // A reader that refused the content knows best why it all ended, then the child; a broken pipe only follows.
  if (received.status === "rejected" && !hasCode(received.reason, "ERR_STREAM_PREMATURE_CLOSE")) {
    throw received.reason;
  }
  if (fault !== undefined) throw fault;
  if (fed.status === "rejected") throw fed.reason;
}
