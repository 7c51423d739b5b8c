import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { hasCode } from "../../errors/diskFault.ts";
import { parseObject } from "./imageRecords.ts";
import { imageIdOf } from "./keepAci.ts";
import { treeIdOf } from "./dependencies.ts";
import type { DiskStore } from "./DiskStore.ts";
import { inTree, isRendered } from "./renderTree.ts";
import type { ImageId, ImageRecord } from "./records.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { hashOfContents, hashOfNotes } from "./treeHash.ts";

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

/** Whether a tree was touched since it was made; what every `rkt run` asks. See hashOfNotes for what it sees. */
export async function checkNotes(folders: StoreFolders, treeId: string): Promise<void> {
  const { notes } = hashesOf(folders, treeId);
  compare(treeId, await hashOfNotes(join(folders.tree(treeId), inTree.rootfs)), notes);
}

/** Whether a tree is, byte for byte, what was made of the image; what `rkt image verify` asks. */
export async function checkContents(folders: StoreFolders, treeId: string): Promise<void> {
  const { contents } = hashesOf(folders, treeId);
  compare(treeId, await hashOfContents(join(folders.tree(treeId), inTree.rootfs)), contents);
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

function compare(treeId: string, got: string, expected: string): void {
  if (got === expected) return;
  throw new Fault({
    what: `wrong tree hash: ${got}, expected: ${expected}`,
    where: `tree ${treeId}`,
    remedy: "rkt image verify IMAGE renders it anew; --insecure-options=ondisk runs it as it is",
  });
}

function hashesOf(
  folders: StoreFolders,
  treeId: string,
): { readonly contents: string; readonly notes: string } {
  const path = join(folders.tree(treeId), inTree.hash);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw new Fault({ what: `cannot read hash file ${path}` });
    throw error;
  }
  const { contents, notes } = parseObject(text) ?? {};
  if (typeof contents !== "string" || typeof notes !== "string") {
    throw new Fault({ what: `the hash file ${path} is damaged` });
  }
  return { contents, notes };
}
