/**
 * Fetches bytes of a known checksum into the cache: resumed where they broke off, verified while they stream,
 * and put in place only when they are right.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "../../errors/fault.ts";
import type { Cache } from "./cache.ts";
import { isMissing, measure } from "./digest.ts";
import { assertSum } from "./obtained.ts";
import { Part } from "./part.ts";
import { Interruption, request, shown, type Reply } from "./request.ts";
import type { Source, Sum } from "./source.ts";

export type Download = Source & { readonly kind: "url" };

export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  readonly patience?: Patience;
}

/** How long to hold out against a bad network. */
export interface Patience {
  /** How long nothing may come. */
  readonly idleMilliseconds: number;
  /** Before the first repetition; doubled before each further one. */
  readonly pauseMilliseconds: number;
  /** Attempts in a row that bring nothing. */
  readonly fruitless: number;
}

const PATIENCE: Patience = { idleMilliseconds: 30_000, pauseMilliseconds: 1_000, fruitless: 6 };
const LONGEST_PAUSE = 15_000;
const PROGRESS_EVERY = 1_000;

export function downloadPath(cache: Cache, { digest }: Sum): string {
  return join(cache.downloads, digest);
}

/** Whether the bytes are here already, and right. */
export async function isDownloaded(cache: Cache, sum: Sum): Promise<boolean> {
  try {
    return (await measure(cache, downloadPath(cache, sum), sum.algorithm)).digest === sum.digest;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Several artefacts may be members of one archive, which is then fetched once. */
const underWay = new Map<string, Promise<void>>();

export async function download(
  cache: Cache,
  name: string,
  source: Download,
  options: DownloadOptions,
): Promise<string> {
  const path = downloadPath(cache, source.sum);
  let fetching = underWay.get(path);
  if (fetching === undefined) {
    fetching = fetchTo(path, cache, name, source, options).finally(() => underWay.delete(path));
    underWay.set(path, fetching);
  }
  await fetching;
  return path;
}

async function fetchTo(
  path: string,
  cache: Cache,
  name: string,
  source: Download,
  options: DownloadOptions,
): Promise<void> {
  if (await isDownloaded(cache, source.sum)) return;
  await mkdir(cache.downloads, { recursive: true });
  const part = await Part.open(cache, source.sum);
  let resumable = true;
  try {
    const inherited = part.size > 0;
    await fetchWhole(part, name, source, options);
    if (inherited && part.digest !== source.sum.digest) {
      // What an earlier run has left may have been of something else: once more, from the beginning.
      await part.restart();
      await fetchWhole(part, name, source, options);
    }
    resumable = false;
    assertSum(name, shown(new URL(source.url)), source.sum, part.digest);
    await part.finish(path);
  } catch (error) {
    await part.leave(resumable);
    throw error;
  }
}

/** Attempts until all bytes are here, or too many in a row have brought nothing. */
async function fetchWhole(
  part: Part,
  name: string,
  source: Download,
  options: DownloadOptions,
): Promise<void> {
  const { signal, progress, patience = PATIENCE } = options;
  let fruitless = 0;
  for (;;) {
    const before = part.size;
    try {
      await fetchOnce(part, name, source, options);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Interruption)) throw error;
      fruitless = part.size > before ? 0 : fruitless + 1;
      if (fruitless >= patience.fruitless) throw unreachable(name, source, error);
      const pause = Math.min(patience.pauseMilliseconds * 2 ** Math.max(0, fruitless - 1), LONGEST_PAUSE);
      progress(
        `${name}: ${error.message}; once more in ${pause / 1000} s, from ${megabytes(part.size)} MB on`,
      );
      await delay(pause, undefined, { signal });
    }
  }
}

function unreachable(name: string, source: Download, cause: Interruption): Fault {
  return new Fault({
    what: `artefact "${name}" cannot be fetched from here`,
    where: shown(new URL(source.url)),
    cause,
    remedy:
      "run it again when the network is back (what came is kept), set HTTPS_PROXY, or choose another source",
  });
}

async function fetchOnce(
  part: Part,
  name: string,
  source: Download,
  options: DownloadOptions,
): Promise<void> {
  const { signal, patience = PATIENCE } = options;
  const reply = await request(source.url, {
    from: part.size,
    idleMilliseconds: patience.idleMilliseconds,
    signal,
  });
  if (reply.from !== part.size) await part.restart();
  if (reply.from > part.size) throw new Interruption("the server sent another part than was asked for");
  await append(part, name, reply, options);
  if (reply.size !== undefined && part.size !== reply.size) {
    throw new Interruption(`${megabytes(part.size)} of ${megabytes(reply.size)} MB came`);
  }
}

async function append(
  part: Part,
  name: string,
  { body, size }: Reply,
  { progress }: DownloadOptions,
): Promise<void> {
  let said = Date.now();
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const next = await chunks.next().catch((error: unknown) => {
      throw error instanceof Interruption ? error : new Interruption("the connection broke off", error);
    });
    if (next.done === true) return;
    if (Buffer.isBuffer(next.value)) await part.append(next.value);
    if (Date.now() - said >= PROGRESS_EVERY) {
      said = Date.now();
      progress(`${name}: ${megabytes(part.size)}${size === undefined ? "" : ` of ${megabytes(size)}`} MB`);
    }
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
