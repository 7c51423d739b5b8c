import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Fault } from "../../errors/fault.ts";
import { imageIdOf } from "./keepAci.ts";
import { treeIdOf } from "./dependencies.ts";
import type { DiskStore } from "./DiskStore.ts";
import type { ImageId, ImageRecord } from "./records.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { checkContents, checkNotes } from "./treeHash.ts";
import { isRendered } from "./treePlace.ts";

export type Verdict =
  | { readonly kind: "whole" }
  /** There is no tree yet, or it was not what it should be and has been made anew; `reason` says which. */
  | { readonly kind: "rendered"; readonly reason: string };

/**
 * Checks everything of an image, byte by byte: what is in the store against its id, and its tree against what was made
 * of it. A tree that fails is made anew, as rkt does; bytes that fail cannot be, and are a Fault.
 */
export async function verifyImage(store: DiskStore, id: ImageId): Promise<Verdict> {
  const use = await store.use(id);
  try {
    const parts = await store.parts(id);
    for (const { image } of parts) await checkBytes(store.folders, image.record);
    const treeId = treeIdOf(parts);
    if (!isRendered(store.folders, treeId)) {
      await store.render(id);
      return { kind: "rendered", reason: "it was not rendered yet" };
    }
    try {
      await checkContents(store.folders, treeId);
      await checkNotes(store.folders, treeId);
      return { kind: "whole" };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      await store.renderAnew(id);
      return { kind: "rendered", reason: error.details.what };
    }
  } finally {
    use.release();
  }
}

/** Reads all bytes of an image and compares them with its id, or with the digests that follow from it. */
export async function checkBytes(folders: StoreFolders, record: ImageRecord): Promise<void> {
  if (record.oci === undefined) {
    const hash = createHash("sha512");
    await pass(folders.aci(record.id), (piece) => hash.update(piece));
    expectBytes(imageIdOf(hash.digest()), record.id);
    return;
  }
  const { manifestDigest, configDigest, layers } = record.oci;
  for (const digest of [manifestDigest, configDigest, ...layers.map((layer) => layer.digest)]) {
    const hash = createHash("sha256");
    await pass(folders.blob(digest), (piece) => hash.update(piece));
    expectBytes(`sha256:${hash.digest("hex")}`, digest);
  }
}

async function pass(path: string, take: (piece: Buffer) => void): Promise<void> {
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    if (Buffer.isBuffer(piece)) take(piece);
  }
}

function expectBytes(got: string, allowed: string): void {
  if (got === allowed) return;
  throw new Fault({
    what: "the image in the store is damaged",
    got,
    allowed,
    remedy: "remove it with rkt image rm, and fetch it again",
  });
}
