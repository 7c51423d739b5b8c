/** Bytes into a part, continued where they broke off. */
import { Fault } from "../../../errors/fault.ts";
import { Interruption } from "./interruption.ts";
import { passingTrouble } from "./passing.ts";
import type { Part } from "./part.ts";
import { persistently, type Patience } from "./patience.ts";
import { shownUrl } from "./shownUrl.ts";
import type { Reply, Transport, Wish } from "./transport.ts";

export interface DownloadOptions {
  readonly patience: Patience;
  /** Refused when more comes. */
  readonly largest: number;
  /** Known beforehand, and then exactly that many must come. */
  readonly size?: number;
  /**
   * Bytes are known by their digest, so a part may be continued whatever the server says of its version. Else only a
   * server that names the same version again may do so.
   */
  readonly knownByDigest: boolean;
  /** What it is, for progress: `ACI`, `layer 1a2b3c4d5e6f`. */
  readonly label: string;
  readonly progress: (text: string) => void;
  /** A reply that is no content: false passes it to the caller as it is, an error refuses it. */
  readonly judge?: (reply: Reply) => void | Promise<void>;
}

export interface Downloaded {
  /** 200, or a status that the caller asked for, such as 304. */
  readonly status: number;
  readonly headers: Reply["headers"];
  readonly url: URL;
}

const PROGRESS_EVERY = 1_000;

export async function download(
  transport: Transport,
  wish: Wish,
  part: Part,
  options: DownloadOptions,
): Promise<Downloaded> {
  return await persistently(() => downloadOnce(transport, wish, part, options), {
    patience: options.patience,
    signal: wish.signal,
    progress: () => part.size,
    onPause: ({ message }, pause) => {
      options.progress(
        `${options.label}: ${message}; once more in ${pause / 1000} s, from ${megabytes(part.size)} MB on`,
      );
    },
  });
}

async function downloadOnce(
  transport: Transport,
  wish: Wish,
  part: Part,
  options: DownloadOptions,
): Promise<Downloaded> {
  if (part.size > 0 && part.size === options.size) {
    return { status: 200, headers: {}, url: wish.url };
  }
  const mayContinue = options.knownByDigest || part.validator !== undefined;
  if (part.size > 0 && !mayContinue) await part.restart(undefined);
  const range: Record<string, string> =
    part.size === 0
      ? {}
      : {
          range: `bytes=${part.size}-`,
          ...(!options.knownByDigest && part.validator !== undefined && { "if-range": part.validator }),
        };
  const reply = await transport.send({ ...wish, headers: { ...wish.headers, ...range } });
  try {
    return await take(reply, part, options);
  } finally {
    reply.body.destroy();
  }
}

async function take(reply: Reply, part: Part, options: DownloadOptions): Promise<Downloaded> {
  const { status, headers, url } = reply;
  const trouble = passingTrouble(url.host, status, headers);
  if (trouble !== undefined) throw trouble;
  if (status === 416 && part.size > 0) {
    // More is here than the server has: the part is of something else.
    await part.restart(undefined);
    throw new Interruption(`${url.host} has less than came before`);
  }
  if (status !== 200 && status !== 206) {
    await options.judge?.(reply);
    return { status, headers, url };
  }
  const { from, whole } =
    status === 206 ? partOf(reply) : { from: 0, whole: sizeOf(headers["content-length"]) };
  const expected = options.size ?? whole;
  if (expected !== undefined && expected > options.largest) throw tooLarge(url, expected, options.largest);
  if (options.size !== undefined && whole !== undefined && whole !== options.size) {
    throw new Fault({
      what: "the server has another size than was announced",
      where: shownUrl(url),
      got: `${whole} bytes`,
      allowed: `${options.size} bytes`,
    });
  }
  const changed = status === 206 && !options.knownByDigest && headers.etag !== undefined;
  if (changed && part.validator?.startsWith('"') === true && headers.etag !== part.validator) {
    await part.restart(undefined);
    throw new Interruption(`${url.host} sent a part of another version`);
  }
  if (from === 0) await part.restart(options.knownByDigest ? undefined : validatorOf(headers));
  else if (from !== part.size) {
    await part.restart(undefined);
    throw new Interruption(`${url.host} sent another part than was asked for`);
  }
  await append(reply, part, expected, options);
  if (expected !== undefined && part.size !== expected) {
    throw new Interruption(`${megabytes(part.size)} of ${megabytes(expected)} MB came`);
  }
  return { status: 200, headers, url };
}

async function append(
  { body, url }: Reply,
  part: Part,
  expected: number | undefined,
  { label, progress, largest }: DownloadOptions,
): Promise<void> {
  const most = expected ?? largest;
  let said = Date.now();
  const pieces = body[Symbol.asyncIterator]();
  for (;;) {
    const next = await pieces.next().catch((error: unknown) => {
      throw error instanceof Interruption
        ? error
        : new Interruption(`${url.host}: the connection broke off`, { cause: error });
    });
    if (next.done === true) return;
    if (!Buffer.isBuffer(next.value)) continue;
    if (part.size + next.value.length > most) throw tooLarge(url, part.size + next.value.length, most);
    await part.append(next.value);
    if (Date.now() - said < PROGRESS_EVERY) continue;
    said = Date.now();
    progress(
      `Downloading ${label}: ${megabytes(part.size)}${expected === undefined ? "" : ` of ${megabytes(expected)}`} MB`,
    );
  }
}

function tooLarge(url: URL, size: number, allowed: number): Fault {
  return new Fault({
    what: "more comes than there may be",
    where: shownUrl(url),
    got: `${size} bytes`,
    allowed: `at most ${allowed} bytes`,
  });
}

/** A weak tag says that two versions mean the same, not that their bytes are; a date is good if there is no tag. */
function validatorOf(headers: Reply["headers"]): string | undefined {
  const { etag } = headers;
  if (etag !== undefined) return etag.startsWith('"') ? etag : undefined;
  return headers["last-modified"];
}

function partOf({ headers, url }: Reply): { from: number; whole: number | undefined } {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "");
  if (range === null) throw new Interruption(`${url.host} sent a part without saying which`);
  return { from: Number(range[1]), whole: sizeOf(range[2]) };
}

function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
