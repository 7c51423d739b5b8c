/** A package with an address: brought into the cache with its signature, before anybody judges it. */
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Cache } from "../artefact/cache.ts";
import { download, downloadPath, isDownloaded, type DownloadOptions } from "../artefact/download.ts";
import { Interruption, request, shown } from "../artefact/request.ts";
import type { Sum } from "../artefact/source.ts";
import { Fault } from "../../errors/fault.ts";

export interface FetchedSource {
  readonly url?: string | undefined;
  readonly signatureUrl?: string | undefined;
  readonly sha256?: string | undefined;
}

/** A detached signature has a few hundred bytes; several of them, some thousand. */
const LARGEST_SIGNATURE = 64 << 10;
const ATTEMPTS = 4;
const PAUSE_MILLISECONDS = 1_000;
const IDLE_MILLISECONDS = 30_000;

/** Where package and signature are, or will be; undefined for what has no url. */
export function fetchedPlaces(
  { url, sha256 }: FetchedSource,
  cache: Cache,
): { readonly path: string; readonly signature: string } | undefined {
  if (url === undefined || sha256 === undefined) return undefined;
  return {
    path: downloadPath(cache, sumOf(sha256)),
    signature: join(cache.downloads, `${sha256}.signature`),
  };
}

/** Whether both are here, so that they can be judged without a network. */
export async function isFetched(source: FetchedSource, cache: Cache): Promise<boolean> {
  const places = fetchedPlaces(source, cache);
  if (places === undefined || source.sha256 === undefined) return false;
  return (await exists(places.signature)) && (await isDownloaded(cache, sumOf(source.sha256)));
}

/** Fetches what is not here yet. Does nothing for what has no url. */
export async function fetchPackage(
  source: FetchedSource,
  cache: Cache,
  name: string,
  options: DownloadOptions,
): Promise<void> {
  const places = fetchedPlaces(source, cache);
  const { url, sha256, signatureUrl = `${url ?? ""}.asc` } = source;
  if (places === undefined || url === undefined || sha256 === undefined) return;
  if (!(await exists(places.signature))) {
    const bytes = await fetchSignature(signatureUrl, options);
    await mkdir(cache.downloads, { recursive: true });
    const draft = `${places.signature}.${process.pid}.tmp`;
    try {
      await writeFile(draft, bytes);
      await rename(draft, places.signature);
    } finally {
      await rm(draft, { force: true });
    }
  }
  await download(cache, name, { kind: "url", url, sum: sumOf(sha256) }, options);
}

/** What did not verify is fetched anew the next time. */
export async function forgetSignature(source: FetchedSource, cache: Cache): Promise<void> {
  const places = fetchedPlaces(source, cache);
  if (places !== undefined) await rm(places.signature, { force: true });
}

async function fetchSignature(url: string, { signal, progress, patience }: DownloadOptions): Promise<Buffer> {
  const pause = patience?.pauseMilliseconds ?? PAUSE_MILLISECONDS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchOnce(url, signal, patience?.idleMilliseconds ?? IDLE_MILLISECONDS);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Interruption)) throw error;
      if (attempt === ATTEMPTS) {
        throw new Fault({
          what: "the signature of the engine's package cannot be fetched from here",
          where: shown(new URL(url)),
          cause: error,
          remedy: "run it again when the network is back, or name package and signature as files",
        });
      }
      progress(`the package's signature: ${error.message}; once more in ${pause / 1000} s`);
      await delay(pause * attempt, undefined, { signal });
    }
  }
}

async function fetchOnce(url: string, signal: AbortSignal, idleMilliseconds: number): Promise<Buffer> {
  const { body, size } = await request(url, { from: 0, idleMilliseconds, signal });
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      if (!Buffer.isBuffer(chunk)) continue;
      length += chunk.length;
      if (length > LARGEST_SIGNATURE) throw noSignature(url);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Fault || error instanceof Interruption) throw error;
    throw new Interruption("the connection broke off", error);
  }
  if (size !== undefined && length !== size) throw new Interruption(`${length} of ${size} bytes came`);
  return Buffer.concat(chunks);
}

function noSignature(url: string): Fault {
  return new Fault({
    what: "the engine's package is refused, and no host is touched: what is at its signature's address is none",
    where: shown(new URL(url)),
    got: `more than ${LARGEST_SIGNATURE} bytes`,
    remedy: "correct engine.package.signatureUrl",
  });
}

function sumOf(digest: string): Sum {
  return { algorithm: "sha256", digest };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
