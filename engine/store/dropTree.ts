import { renameSync } from "node:fs";
import { hasCode } from "../../errors/diskFault.ts";
import { treeIdOf } from "./dependencies.ts";
import type { DiskStore } from "./DiskStore.ts";
import { tryLock } from "./lock.ts";
import type { ImageId } from "./records.ts";
import { removeTree } from "./removeTree.ts";

/** Takes away the tree of an image that no pod uses, and that whoever calls made for itself alone. */
export async function dropTree(store: DiskStore, id: ImageId): Promise<void> {
  const { folders } = store;
  const treeId = treeIdOf(await store.parts(id));
  const held = await tryLock(folders.treeLock(treeId), "exclusive");
  if (held === undefined) return;
  const beside = folders.newTemporary();
  try {
    renameSync(folders.tree(treeId), beside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  } finally {
    held.release();
  }
  removeTree(beside);
}
