import { describe, makeFolder, type Folder, type ImageTree } from "./imageTree.ts";
import type { DiskTree } from "./treeOnDisk.ts";

/** Does to a tree what was done to it through an overlay, whose upper folder holds what has changed. */
export function applyChanges(tree: ImageTree, { tree: upper, gone, opaque }: DiskTree): void {
  change(tree.root, upper.root);

  function change(below: Folder, above: Folder): void {
    describe(below, above);
    if (opaque.has(above)) below.children.clear();
    for (const name of gone.get(above) ?? []) below.children.delete(name);
    for (const [name, entry] of above.children) {
      if (entry.kind !== "folder") {
        below.children.set(name, entry);
        continue;
      }
      const there = below.children.get(name);
      change(there?.kind === "folder" ? there : makeFolder(below, name), entry);
    }
  }
}

/** Made in every root so that a pod's own can be mounted there. */
const folders = ["proc", "dev", "sys"];
const files = ["resolv.conf", "hosts"];

/** Takes away what running a pod leaves in any root, where the image did not have it before. */
export function forgetMountPoints(tree: ImageTree, had: (path: string) => boolean): void {
  for (const name of folders) {
    const entry = tree.at(`/${name}`);
    if (!had(`/${name}`) && entry?.kind === "folder" && entry.children.size === 0) tree.remove(`/${name}`);
  }
  for (const name of files) {
    const entry = tree.at(`/etc/${name}`);
    if (had(`/etc/${name}`) || entry?.kind !== "file" || entry.content.from !== "file") continue;
    if (entry.content.seen.size === 0n) tree.remove(`/etc/${name}`);
  }
  const etc = tree.at("/etc");
  if (!had("/etc") && etc?.kind === "folder" && etc.children.size === 0) tree.remove("/etc");
}

/** Which of those an image has. */
export function mountPointsOf(tree: ImageTree): ReadonlySet<string> {
  const paths = ["/etc", ...folders.map((name) => `/${name}`), ...files.map((name) => `/etc/${name}`)];
  return new Set(paths.filter((path) => tree.at(path) !== undefined));
}
