import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import type { Readable } from "node:stream";
import { Fault } from "../../errors/fault.ts";
import { hasCode } from "../../errors/diskFault.ts";
import { replaceFileSync } from "../wholeFiles.ts";
import { listRecords, readRecord, writeRecord } from "./imageRecords.ts";
import { imageIdOf, keepAci } from "./keepAci.ts";
import { locked } from "./lock.ts";
import type { ImageRecord, OciRecord, StoredImage } from "./records.ts";
import type { ImportFacts } from "./store.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { makeParent } from "./storeModes.ts";

/** The record comes last: an image is there when all of it is. */
export async function bringAci(
  folders: StoreFolders,
  content: Readable,
  facts: ImportFacts,
): Promise<StoredImage> {
  const beside = folders.newTemporary();
  const { id, manifest, manifestText, size } = await keepAci(content, beside);
  try {
    return await locked(folders.lock, "exclusive", () => {
      const before = readRecord(folders, id);
      const record: ImageRecord = {
        ...recordNow(id, manifest.name, size, facts),
        kind: "aci",
        latest: facts.latest || before?.latest === true,
      };
      // Also where it was there already: these bytes are known to be right, and a disk may have spoiled the others.
      makeParent(folders.aci(id));
      renameSync(beside, folders.aci(id));
      writeManifest(folders, id, manifestText);
      writeRecord(folders, record, manifestText);
      return { record, manifest };
    });
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

export async function bringOci(
  folders: StoreFolders,
  manifestBytes: Uint8Array,
  facts: ImportFacts & { readonly repoTag: string; readonly repoDigest?: string },
): Promise<StoredImage> {
  const [{ readConfiguration, readRunnableManifest }, { imageManifestOf }, { serializeImageManifest }] =
    await Promise.all([
      import("../images/oci/documents.ts"),
      import("../images/oci/imageManifestOf.ts"),
      import("../appc/serialize.ts"),
    ]);
  const { repoTag } = facts;
  const oci = readRunnableManifest(manifestBytes, repoTag);
  const id = imageIdOf(createHash("sha512").update(manifestBytes).digest());
  const manifestDigest = `sha256:${createHash("sha256").update(manifestBytes).digest("hex")}`;
  const configDigest = oci.config.digest;
  return await locked(folders.lock, "exclusive", () => {
    const layers = oci.layers.map(({ digest, mediaType }) => ({
      digest,
      mediaType,
      size: countOn(folders, digest),
    }));
    const configSize = countOn(folders, configDigest);
    const configuration = readConfiguration(wholeBlob(folders, configDigest), repoTag);
    const manifest = imageManifestOf({ configuration, repoTag, manifestDigest, configDigest });
    const manifestBlob = folders.blob(manifestDigest);
    makeParent(manifestBlob);
    replaceFileSync(manifestBlob, manifestBytes, { mode: 0o660 });
    const size = layers.reduce((sum, layer) => sum + layer.size, configSize + manifestBytes.length);
    const before = readRecord(folders, id)?.oci;
    const record: ImageRecord = {
      ...recordNow(id, repoTag, size, facts),
      kind: "oci",
      oci: { manifestDigest, configDigest, layers, ...namesWith(before, facts, manifestDigest) },
    };
    takeTagFromOthers(folders, repoTag, id);
    const manifestText = serializeImageManifest(manifest);
    writeManifest(folders, id, manifestText);
    writeRecord(folders, record, manifestText);
    return { record, manifest };
  });
}

/** What the image says of itself may lie there since another fetch, and is taken for what its digest names only. */
function wholeBlob(folders: StoreFolders, digest: string): Buffer {
  const bytes = readFileSync(folders.blob(digest));
  const got = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (got === digest) return bytes;
  rmSync(folders.blob(digest), { force: true });
  throw new Fault({
    what: "a part of the image in the store is damaged, and is taken away",
    got,
    allowed: digest,
    remedy: "fetch it again",
  });
}

/** A blob's size; dated, so that gc leaves it to the image that comes. */
function countOn(folders: StoreFolders, digest: string): number {
  const path = folders.blob(digest);
  try {
    const { size } = statSync(path);
    try {
      utimesSync(path, new Date(), new Date());
    } catch (error) {
      if (!hasCode(error, "EPERM", "EACCES")) throw error;
    }
    return size;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    throw new Fault({ what: `a part of the image is not in the store: ${digest}`, remedy: "fetch it again" });
  }
}

/**
 * A reference by digest names this image for ever; one by tag until the tag goes to another. The digest may be that of
 * the index, from which this image was chosen: whoever wrote it shall find the image by it.
 */
function namesWith(
  before: OciRecord | undefined,
  { repoTag, repoDigest }: { readonly repoTag: string; readonly repoDigest?: string },
  manifestDigest: string,
): Pick<OciRecord, "repoTags" | "repoDigests"> {
  const repository = repositoryOf(repoTag);
  const isTag = !repoTag.includes("@");
  const tags = new Set([...(before?.repoTags ?? []), ...(isTag ? [repoTag] : [])]);
  const digests = new Set([
    ...(before?.repoDigests ?? []),
    `${repository}@${manifestDigest}`,
    ...(repoDigest === undefined ? [] : [repoDigest]),
  ]);
  return { repoTags: [...tags], repoDigests: [...digests] };
}

function repositoryOf(reference: string): string {
  const name = reference.split("@")[0] ?? reference;
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(0, colon) : name;
}

function takeTagFromOthers(folders: StoreFolders, repoTag: string, id: string): void {
  for (const record of listRecords(folders)) {
    const { oci } = record;
    if (record.id === id || oci?.repoTags.includes(repoTag) !== true) continue;
    writeRecord(folders, {
      ...record,
      oci: { ...oci, repoTags: oci.repoTags.filter((tag) => tag !== repoTag) },
    });
  }
}

function recordNow(
  id: string,
  name: string,
  size: number,
  facts: ImportFacts,
): Omit<ImageRecord, "kind" | "oci"> {
  const now = new Date().toISOString();
  const { latest, verification } = facts;
  return { id, name, importTime: now, lastUsed: now, size, latest, verification };
}

function writeManifest(folders: StoreFolders, id: string, text: string): void {
  const path = folders.manifest(id);
  makeParent(path);
  replaceFileSync(path, text, { mode: 0o660, durable: true });
}
