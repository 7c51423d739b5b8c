import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { StoreFolders } from "./storeFolders.ts";

/** The files of a tree's folder, as rkt names them; `rendered` is there when all else is. */
export const inTree = {
  rootfs: "rootfs",
  manifest: "manifest",
  hash: "hash",
  image: "image",
  rendered: "rendered",
} as const;

export function isRendered(folders: StoreFolders, treeId: string): boolean {
  return existsSync(join(folders.tree(treeId), inTree.rendered));
}

/** `deps-sha512-….1700000000000`: a tree that was replaced, for as long as pods use one of that name. */
export function moveTreeAside(folders: StoreFolders, treeId: string): void {
  const tree = folders.tree(treeId);
  if (existsSync(tree)) renameSync(tree, `${tree}.${Date.now()}`);
}

/** The tree whose name a replaced one bore. */
export function nameOfTree(entry: string): string {
  return entry.split(".")[0] ?? entry;
}
