import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { diskFault, hasCode } from "../../errors/diskFault.ts";
import type { DiskStore } from "./DiskStore.ts";
import { listRecords, readRecord } from "./imageRecords.ts";
import { locked, tryLock } from "./lock.ts";
import type { Lock } from "./lock.ts";
import type { ImageId } from "./records.ts";
import { blobsOf, removeImage } from "./removeImage.ts";
import { removeTree } from "./removeTree.ts";
import { inTree, nameOfTree } from "./treePlace.ts";
import { isImageId, makerLives } from "./storeFolders.ts";
import type { StoreFolders } from "./storeFolders.ts";

/** Longer than the longest pull: a blob that nobody has claimed may belong to an image that is still coming. */
export const UNCLAIMED_BLOB_MILLISECONDS = 60 * 60 * 1000;

export interface GcRequest {
  /** Images that were not used for longer go. */
  readonly gracePeriodMilliseconds: number;
  /** The trees of all pods; asked again once no new pod can come to use what is about to go. */
  readonly treesInUse: () => Promise<ReadonlySet<string>> | ReadonlySet<string>;
  readonly unclaimedBlobMilliseconds?: number;
  readonly now?: Date;
}

export interface GcResult {
  readonly trees: readonly string[];
  readonly images: readonly ImageId[];
  /** Files and folders that killed commands left. */
  readonly leftovers: number;
}

/** Takes away what nothing needs any more. What somebody uses at the moment stays for the next time; nothing waits. */
export async function gcStore(store: DiskStore, request: GcRequest): Promise<GcResult> {
  const { folders } = store;
  try {
    let leftovers = sweepTemporary(folders);
    const trees = await sweepTrees(folders, request);
    const images = await sweepImages(folders, request);
    leftovers += await locked(folders.lock, "exclusive", () => {
      sweepVouched(folders);
      return sweepBlobs(folders, request);
    });
    await sweepLocks(folders.imageLocks, (name) => existsSync(folders.record(name)));
    await sweepLocks(folders.treeLocks, (name) => existsSync(folders.tree(name)));
    return { trees, images, leftovers };
  } catch (error) {
    throw diskFault(error);
  }
}

/** Takes away what an image that is gone has left: the trees that were made of it, and that no pod has. */
export async function removeTreesOf(
  { folders }: DiskStore,
  image: ImageId,
  treesInUse: GcRequest["treesInUse"],
): Promise<readonly string[]> {
  try {
    return await sweepTrees(folders, { treesInUse }, (name) => imageOfTree(folders, name) === image);
  } catch (error) {
    throw diskFault(error);
  }
}

/** A member of the group may have removed the image. */
function sweepVouched(folders: StoreFolders): void {
  for (const name of namesIn(folders.vouched)) {
    if (!existsSync(join(folders.images, name))) rmSync(join(folders.vouched, name), { force: true });
  }
}

/** Takes away what dead processes have left half made. */
export function sweepTemporary(folders: StoreFolders): number {
  let removed = 0;
  for (const folder of [folders.temporary, folders.membersTemporary]) {
    for (const name of namesIn(folder)) {
      if (makerLives(name)) continue;
      try {
        removeTree(join(folder, name));
        removed++;
      } catch (error) {
        // Half a tree is root's, and only root takes it away.
        if (!hasCode(error, "EPERM", "EACCES")) throw error;
      }
    }
  }
  return removed;
}

async function sweepTrees(
  folders: StoreFolders,
  { treesInUse }: Pick<GcRequest, "treesInUse">,
  isMeant: (name: string) => boolean = () => true,
): Promise<string[]> {
  const inUse = await treesInUse();
  const locks = new Map<string, Lock>();
  const doomed: { readonly name: string; readonly beside: string }[] = [];
  try {
    const candidates: string[] = [];
    for (const name of namesIn(folders.trees)) {
      if (inUse.has(nameOfTree(name)) || !isMeant(name)) continue;
      if (await holdAll(locks, locksOfTree(folders, name))) candidates.push(name);
    }
    if (candidates.length > 0) {
      // Who took a tree before its locks were ours has told so by now; who comes later waits, and makes it anew.
      const inUseNow = await treesInUse();
      for (const name of candidates.filter((each) => !inUseNow.has(nameOfTree(each)))) {
        const beside = folders.newTemporary();
        renameSync(folders.tree(name), beside);
        doomed.push({ name, beside });
      }
    }
  } finally {
    for (const held of locks.values()) held.release();
  }
  for (const { beside } of doomed) removeTree(beside);
  return doomed.map(({ name }) => name);
}

/** The lock of the image through which pods come to a tree, and the tree's own. */
function locksOfTree(folders: StoreFolders, name: string): string[] {
  const image = imageOfTree(folders, name);
  const ofTree = folders.treeLock(nameOfTree(name));
  return image === undefined ? [ofTree] : [folders.imageLock(image), ofTree];
}

/** Adds these locks to those that are held, if nobody else has one of them. */
async function holdAll(held: Map<string, Lock>, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    if (held.has(path)) continue;
    const taken = await tryLock(path, "exclusive");
    if (taken === undefined) return false;
    held.set(path, taken);
  }
  return true;
}

function imageOfTree(folders: StoreFolders, treeId: string): ImageId | undefined {
  try {
    const text = readFileSync(join(folders.tree(treeId), inTree.image), "utf8");
    return isImageId(text) ? text : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

async function sweepImages(
  folders: StoreFolders,
  { gracePeriodMilliseconds, treesInUse, now = new Date() }: GcRequest,
): Promise<ImageId[]> {
  const removed: ImageId[] = [];
  const oldest = new Date(now.getTime() - gracePeriodMilliseconds).toISOString();
  const inUse = new Set([...(await treesInUse())].map((tree) => imageOfTree(folders, tree)));
  for (const { id, lastUsed } of listRecords(folders)) {
    if (lastUsed >= oldest || inUse.has(id)) continue;
    const held = await tryLock(folders.imageLock(id), "exclusive");
    if (held === undefined) continue;
    try {
      await locked(folders.lock, "exclusive", () => {
        const record = readRecord(folders, id);
        if (record === undefined || record.lastUsed >= oldest) return;
        removeImage(folders, id);
        removed.push(id);
      });
    } finally {
      held.release();
    }
  }
  return removed;
}

/** With the store's lock held, so no image is half way in. */
function sweepBlobs(
  folders: StoreFolders,
  { unclaimedBlobMilliseconds, now = new Date() }: GcRequest,
): number {
  const records = listRecords(folders);
  const ids = new Set(records.map(({ id }) => id));
  const digests = blobsOf(records);
  const tooYoung = now.getTime() - (unclaimedBlobMilliseconds ?? UNCLAIMED_BLOB_MILLISECONDS);
  const orphans = [
    ...filesBelow(join(folders.blobs, "sha512")).filter(({ name }) => !ids.has(name)),
    ...filesBelow(join(folders.manifests, "sha512")).filter(({ name }) => !ids.has(name) && !isNew(name)),
    ...filesBelow(join(folders.blobs, "sha256")).filter(
      ({ name, path }) =>
        !digests.has(`sha256:${name}`) && !isNew(name) && statSync(path).mtimeMs <= tooYoung,
    ),
    ...[folders.images, folders.remotes, ...twoBelow(folders.manifests), ...twoBelow(folders.blobs)]
      .flatMap(filesIn)
      .filter(({ name }) => isAbandoned(name)),
    ...listDamagedRecords(folders),
  ];
  for (const { path } of orphans) rmSync(path, { force: true });
  return orphans.length;
}

/** Records that cannot be read, as a power cut may leave them, name no image. */
function listDamagedRecords(folders: StoreFolders): Placed[] {
  return filesIn(folders.images).filter(({ name }) => {
    const id = name.replace(/\.json$/, "");
    return isImageId(id) && readRecord(folders, id) === undefined;
  });
}

interface Placed {
  readonly name: string;
  readonly path: string;
}

/** Files on their way to a name (see wholeFiles.ts), whose maker is dead. */
function isAbandoned(name: string): boolean {
  const maker = /\.([0-9]+)-[0-9]+\.new$/.exec(name)?.[1];
  return maker !== undefined && !existsSync(`/proc/${maker}`);
}

function isNew(name: string): boolean {
  return name.endsWith(".new");
}

async function sweepLocks(folder: string, isNeeded: (name: string) => boolean): Promise<void> {
  for (const name of namesIn(folder)) {
    if (isNeeded(name)) continue;
    const held = await tryLock(join(folder, name), "exclusive");
    // Whoever waits for it meanwhile finds that it is gone, and makes a new one.
    if (held !== undefined) rmSync(join(folder, name), { force: true });
    held?.release();
  }
}

function filesIn(folder: string): Placed[] {
  return namesIn(folder).map((name) => ({ name, path: join(folder, name) }));
}

function filesBelow(folder: string): Placed[] {
  return filesIn(folder).flatMap(({ path }) => filesIn(path));
}

function twoBelow(folder: string): string[] {
  return filesIn(folder).flatMap(({ path }) => filesIn(path).map((below) => below.path));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES")) return [];
    throw error;
  }
}
