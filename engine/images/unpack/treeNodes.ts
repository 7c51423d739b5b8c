/**
 * What has been written so far, in memory. Names are looked up here and never on disk, so no symbolic link is ever
 * followed by the kernel.
 */
export type TreeNode = DirectoryNode | LeafNode;

export interface DirectoryNode {
  readonly kind: "directory";
  readonly parent: DirectoryNode | undefined;
  /** Where it is on disk, as a key (see memberName.ts): only real directories on the way. */
  readonly path: string;
  readonly children: Map<string, TreeNode>;
  /** Which archive brought it last: 0 for the first. */
  layer: number;
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  attributes: ReadonlyMap<string, Buffer>;
}

export interface LeafNode {
  readonly kind: "file" | "symlink" | "fifo";
  readonly layer: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  /** Of a symbolic link. */
  readonly target: string;
  readonly attributes: ReadonlyMap<string, Buffer>;
}

/** More are a circle, as for the kernel. */
const MOST_LINKS = 40;

export type Found =
  | { readonly kind: "there"; readonly directory: DirectoryNode }
  /** The way ends here: the rest is not there. */
  | { readonly kind: "missing"; readonly last: DirectoryNode; readonly rest: readonly string[] }
  | {
      readonly kind: "blocked";
      readonly last: DirectoryNode;
      readonly name: string;
      readonly rest: readonly string[];
    }
  | { readonly kind: "circle" };

/**
 * Walks to a directory as the kernel would for a process whose root the tree is: links are followed, and neither an
 * absolute target nor any number of `..` leads out.
 */
export function findDirectory(root: DirectoryNode, components: readonly string[]): Found {
  let at = root;
  let links = 0;
  const pending = components.toReversed();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "..") {
      at = at.parent ?? root;
      continue;
    }
    const child = at.children.get(name);
    if (child === undefined) return { kind: "missing", last: at, rest: [name, ...pending.toReversed()] };
    if (child.kind === "directory") {
      at = child;
    } else if (child.kind === "symlink") {
      if (++links > MOST_LINKS) return { kind: "circle" };
      if (child.target.startsWith("/")) at = root;
      for (const part of child.target.split("/").toReversed()) {
        if (part !== "" && part !== ".") pending.push(part);
      }
    } else {
      return { kind: "blocked", last: at, name, rest: pending.toReversed() };
    }
  }
  return { kind: "there", directory: at };
}
