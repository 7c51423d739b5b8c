/** Images by what people and dependencies call them. */
import { readFileSync } from "node:fs";
import { hasCode } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import type { Dependency, ImageManifest } from "../appc/imageManifest.ts";
import { parseImageManifest } from "../appc/parseImageManifest.ts";
import { damagedImage } from "./damage.ts";
import { listImageIds, listRecords, readRecord } from "./imageRecords.ts";
import type { ImageId, ImageRecord, StoredImage } from "./records.ts";
import { isImageId } from "./storeFolders.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { isVouched, readVouched } from "./vouched.ts";

/** Shorter ones would name half of the store. */
const SHORTEST_PREFIX = "sha512-".length + 2;

export function imageById(folders: StoreFolders, idOrPrefix: string): StoredImage {
  const record = readRecord(folders, wholeId(folders, idOrPrefix));
  if (record === undefined) throw new Fault({ what: "no image IDs found" });
  return stored(folders, record);
}

export function imageByName(
  folders: StoreFolders,
  name: string,
  labels: ReadonlyMap<string, string>,
): StoredImage | undefined {
  // With a version asked for, the newest image; without, the newest of those that came without one.
  const preferLatest = !labels.has("version");
  let best: StoredImage | undefined;
  for (const record of listRecords(folders)) {
    if (best !== undefined && !isBetter(folders, record, best.record, preferLatest)) continue;
    if (record.kind === "aci" && record.name !== name) continue;
    const image = ownOrReadable(folders, record, name);
    if (image !== undefined && hasName(image, name) && hasLabels(image.manifest, labels)) best = image;
  }
  return best;
}

/** Another image's damage is no reason not to find this one. */
function ownOrReadable(folders: StoreFolders, record: ImageRecord, name: string): StoredImage | undefined {
  try {
    return stored(folders, record);
  } catch (error) {
    if (!(error instanceof Fault) || record.name === name) throw error;
    return undefined;
  }
}

export function imageOfDependency(
  folders: StoreFolders,
  { imageName, imageID, labels }: Dependency,
): StoredImage | undefined {
  if (imageID === undefined) {
    return imageByName(folders, imageName, new Map(labels.map(({ name, value }) => [name, value])));
  }
  const record = readRecord(folders, wholeId(folders, imageID));
  return record === undefined ? undefined : stored(folders, record);
}

export function manifestInStore(folders: StoreFolders, id: ImageId): ImageManifest {
  let text: string;
  try {
    text = readVouched(folders, id)?.manifest ?? readFileSync(folders.manifest(id), "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw new Fault({ what: `image ${id} is not in the store` });
    throw error;
  }
  try {
    return parseImageManifest(text);
  } catch (cause) {
    throw damagedImage("a manifest that cannot be read", id, { cause });
  }
}

function stored(folders: StoreFolders, record: ImageRecord): StoredImage {
  return { record, manifest: manifestInStore(folders, record.id) };
}

/** The image that an id or the beginning of one names, whether or not it can be read. */
export function wholeId(folders: StoreFolders, idOrPrefix: string): ImageId {
  if (!idOrPrefix.startsWith("sha512-")) throw new Fault({ what: "wrong key prefix", got: idOrPrefix });
  if (idOrPrefix.length < SHORTEST_PREFIX) throw new Fault({ what: "image ID too short", got: idOrPrefix });
  // The whole digest names its image, too.
  const wanted = idOrPrefix.slice(0, "sha512-".length + 64);
  if (isImageId(wanted)) return wanted;
  const [found, ...others] = listImageIds(folders).filter((id) => id.startsWith(wanted));
  if (found === undefined) throw new Fault({ what: "no image IDs found" });
  if (others.length > 0) throw new Fault({ what: `ambiguous image ID: "${idOrPrefix}"` });
  return found;
}

/** What this process may go by comes before all else: nobody can put another image in its way. */
function isBetter(
  folders: StoreFolders,
  one: ImageRecord,
  other: ImageRecord,
  preferLatest: boolean,
): boolean {
  const [trusted, otherTrusted] = [isVouched(folders, one.id), isVouched(folders, other.id)];
  if (trusted !== otherTrusted) return trusted;
  if (preferLatest && one.latest !== other.latest) return one.latest;
  return one.importTime > other.importTime;
}

function hasName({ record, manifest }: StoredImage, name: string): boolean {
  return (
    manifest.name === name ||
    record.name === name ||
    (record.oci?.repoTags.some((tag) => tag === name) ?? false)
  );
}

function hasLabels(manifest: ImageManifest, labels: ReadonlyMap<string, string>): boolean {
  return [...labels].every(([name, value]) =>
    manifest.labels.some((label) => label.name === name && label.value === value),
  );
}
