/** What a disk made of an image since it came. */
import { createReadStream, rmSync } from "node:fs";
import { hasCode } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import type { ImageId, ImageRecord } from "./records.ts";
import type { StoreFolders } from "./storeFolders.ts";

/** Whoever has the image elsewhere can have it anew. */
export function damagedImage(
  got: string,
  id: ImageId,
  details: { allowed?: string; cause?: unknown } = {},
): Fault {
  return new Fault({
    what: "the image in the store is damaged",
    where: id,
    got,
    ...details,
    remedy: `rkt image rm ${id}, and fetch it again`,
  });
}

/** Reads all bytes of an image and compares them with its id, or with the digests that follow from it. */
export async function checkBytes(folders: StoreFolders, record: ImageRecord): Promise<void> {
  for (const part of partsOf(folders, record)) {
    const got = await hashOf(part);
    if (got !== part.digest) throw damagedImage(got, record.id, { allowed: part.digest });
  }
}

/**
 * Why an image could not be unpacked: its bytes themselves, or else what was met. A damaged blob goes, for it may be
 * part of other images too, and a fetch would take it for the one that is wanted.
 */
export async function reasonOf(error: unknown, folders: StoreFolders, record: ImageRecord): Promise<unknown> {
  for (const part of partsOf(folders, record)) {
    const got = await hashOf(part);
    if (got === part.digest) continue;
    if (record.kind === "oci") removeIfAllowed(part.path);
    return damagedImage(got, record.id, { allowed: part.digest });
  }
  return error;
}

interface Part {
  readonly path: string;
  readonly digest: string;
  readonly algorithm: "sha256" | "sha512";
}

function partsOf(folders: StoreFolders, { id, oci }: ImageRecord): readonly Part[] {
  if (oci === undefined) return [{ path: folders.aci(id), digest: id, algorithm: "sha512" }];
  const digests = [oci.manifestDigest, oci.configDigest, ...oci.layers.map(({ digest }) => digest)];
  return digests.map((digest) => ({ path: folders.blob(digest), digest, algorithm: "sha256" }));
}

async function hashOf({ path, algorithm }: Part): Promise<string> {
  const hash = process.getBuiltinModule("node:crypto").createHash(algorithm);
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      if (Buffer.isBuffer(piece)) hash.update(piece);
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "nothing: the file is gone";
    throw error;
  }
  // What takes images in is a large part of the engine, and an image that is whole needs none of it.
  const { imageIdOf } = await import("./keepAci.ts");
  return algorithm === "sha512" ? imageIdOf(hash.digest()) : `sha256:${hash.digest("hex")}`;
}

function removeIfAllowed(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (!hasCode(error, "EROFS", "EPERM", "EACCES")) throw error;
  }
}
