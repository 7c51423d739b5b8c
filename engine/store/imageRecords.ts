import { readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { replaceFileSync } from "../wholeFiles.ts";
import { hasCode } from "../../errors/diskFault.ts";
import type { ImageId, ImageRecord, OciRecord } from "./records.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { isDigest, isImageId } from "./storeFolders.ts";
import { makeParent } from "./storeModes.ts";
import { readVouched, writeVouched } from "./vouched.ts";

/**
 * One JSON file for each image. That an image was used is its file's time of change: noting it replaces nothing, and
 * takes microseconds on the way to every pod.
 */
export function readRecord(folders: StoreFolders, id: ImageId): ImageRecord | undefined {
  const path = folders.record(id);
  try {
    // Without a file of its own an image is not there, whatever root remembers of it.
    const shared = parseRecord(readFileSync(path, "utf8"));
    if (shared?.id !== id) return undefined;
    const vouched = readVouched(folders, id);
    const record = vouched === undefined ? shared : parseRecord(vouched.record);
    return record?.id === id ? { ...record, lastUsed: statSync(path).mtime.toISOString() } : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

export function listRecords(folders: StoreFolders): ImageRecord[] {
  return listImageIds(folders)
    .map((id) => readRecord(folders, id))
    .filter((record) => record !== undefined);
}

export function listImageIds(folders: StoreFolders): ImageId[] {
  return readdirSync(folders.images)
    .filter((name) => name.endsWith(".json") && isImageId(name.slice(0, -".json".length)))
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

/**
 * Survives a power cut: after it, a script has been told that the image is there. `manifest` is that of an image which
 * was verified just now; without it, what root holds of the image changes with the record.
 */
export function writeRecord(folders: StoreFolders, record: ImageRecord, manifest?: string): void {
  const path = folders.record(record.id);
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  const known = manifest ?? readVouched(folders, record.id)?.manifest;
  if (known !== undefined) writeVouched(folders, record.id, { record: text, manifest: known });
  makeParent(path);
  replaceFileSync(path, text, { mode: 0o660, durable: true });
}

export function noteUse(folders: StoreFolders, id: ImageId, now = new Date()): void {
  try {
    utimesSync(folders.record(id), now, now);
  } catch (error) {
    // A member of the group may read another's image but not date it; who runs pods is root and may.
    if (!hasCode(error, "EPERM", "EACCES")) throw error;
  }
}

/** Undefined for what is no whole record: a file that a power cut left empty is no image. */
function parseRecord(text: string): ImageRecord | undefined {
  const value = parseObject(text);
  if (value === undefined) return undefined;
  const { id, kind, name, importTime, size, latest, verification, oci } = value;
  const verified = verificationFrom(verification);
  if (typeof id !== "string" || typeof name !== "string" || typeof importTime !== "string") return undefined;
  if (typeof size !== "number" || typeof latest !== "boolean" || verified === undefined) return undefined;
  const shared = { id, name, importTime, lastUsed: importTime, size, latest, verification: verified };
  if (kind === "aci") return { ...shared, kind };
  const ociPart = ociFrom(oci);
  return kind === "oci" && ociPart !== undefined ? { ...shared, kind, oci: ociPart } : undefined;
}

function verificationFrom(value: unknown): ImageRecord["verification"] | undefined {
  if (!isObject(value)) return undefined;
  const { by, fingerprint, identity, key, reason } = value;
  switch (by) {
    case "openpgp":
      return typeof fingerprint === "string" && typeof identity === "string"
        ? { by, fingerprint, identity }
        : undefined;
    case "sigstore":
    case "simple-signing":
      return typeof key === "string" ? { by, key } : undefined;
    case "nothing":
      return typeof reason === "string" ? { by, reason } : undefined;
    default:
      return undefined;
  }
}

function ociFrom(value: unknown): OciRecord | undefined {
  if (!isObject(value)) return undefined;
  const { manifestDigest, configDigest, layers, repoTags, repoDigests } = value;
  if (typeof manifestDigest !== "string" || !isDigest(manifestDigest)) return undefined;
  if (typeof configDigest !== "string" || !isDigest(configDigest)) return undefined;
  if (!Array.isArray(layers) || !isTexts(repoTags) || !isTexts(repoDigests)) return undefined;
  const read = layers.map(layerFrom);
  return read.every((layer) => layer !== undefined)
    ? { manifestDigest, configDigest, layers: read, repoTags, repoDigests }
    : undefined;
}

function layerFrom(value: unknown): OciRecord["layers"][number] | undefined {
  if (!isObject(value)) return undefined;
  const { digest, mediaType, size } = value;
  if (typeof digest !== "string" || !isDigest(digest)) return undefined;
  return typeof mediaType === "string" && typeof size === "number" ? { digest, mediaType, size } : undefined;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
