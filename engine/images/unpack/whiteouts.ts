/** OCI's way of taking away what lower layers brought: empty files whose names say what is gone. */
import { findDirectory } from "./treeNodes.ts";
import type { DirectoryNode, TreeNode } from "./treeNodes.ts";
import { clear } from "./treePlaces.ts";

export function isWhiteout(name: string): boolean {
  return name.startsWith(".wh.");
}

export function applyWhiteout(
  root: DirectoryNode,
  components: readonly string[],
  name: string,
  layer: number,
): void {
  const found = findDirectory(root, components);
  if (found.kind !== "there") return;
  const { directory } = found;
  if (name === ".wh..wh..opq") {
    for (const [child, node] of [...directory.children]) prune(directory, child, node, layer);
    return;
  }
  // Notes of aufs to itself.
  if (name.startsWith(".wh..wh.")) return;
  const hidden = name.slice(".wh.".length);
  const node = directory.children.get(hidden);
  if (node !== undefined) prune(directory, hidden, node, layer);
}

/** Takes away what came from lower layers; the order within a layer's own archive does not matter. */
function prune(place: DirectoryNode, name: string, node: TreeNode, layer: number): void {
  if (node.kind === "directory") {
    for (const [child, below] of [...node.children]) prune(node, child, below, layer);
    if (node.children.size > 0 || node.layer === layer) return;
  }
  if (node.layer < layer) clear(place, name);
}
