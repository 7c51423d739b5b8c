/** Directories of a tree that is being written: on disk and in memory at once. */
import { mkdirSync, rmdirSync, unlinkSync } from "node:fs";
import { Fault } from "../../../errors/fault.ts";
import { asPath } from "./memberName.ts";
import { shown } from "./TarReader.ts";
import type { TarEntry } from "./tarEntry.ts";
import { findDirectory } from "./treeNodes.ts";
import type { DirectoryNode } from "./treeNodes.ts";

const none: ReadonlyMap<string, Buffer> = new Map();

export function directoryNode(parent: DirectoryNode | undefined, path: string, layer: number): DirectoryNode {
  return {
    kind: "directory",
    parent,
    path,
    children: new Map(),
    layer,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
    attributes: none,
  };
}

export function makeDirectory(
  place: DirectoryNode,
  name: string,
  layer: number,
  mtime: number,
): DirectoryNode {
  if (name === "..") throw new Fault({ what: "the archive has an entry below a link that leads nowhere" });
  const node = directoryNode(place, `${place.path}/${name}`, layer);
  node.mtime = mtime;
  mkdirSync(asPath(node.path), 0o700);
  place.children.set(name, node);
  return node;
}

/** Takes away whatever has a name, with all that is in it. */
export function clear(place: DirectoryNode, name: string): void {
  const there = place.children.get(name);
  if (there === undefined) return;
  if (there.kind === "directory") {
    for (const child of [...there.children.keys()]) clear(there, child);
    rmdirSync(asPath(there.path));
  } else if (there.kind !== "fifo") {
    unlinkSync(asPath(`${place.path}/${name}`));
  }
  place.children.delete(name);
}

/** The directory that an entry belongs into; what the archive does not mention on the way is made. */
export function parentOf(
  root: DirectoryNode,
  components: readonly string[],
  { name, mtime }: Pick<TarEntry, "name" | "mtime">,
  layer: number,
): DirectoryNode {
  let way = components;
  let from = root;
  for (;;) {
    const found = findDirectory(from, way);
    switch (found.kind) {
      case "there":
        return found.directory;
      case "missing":
        return found.rest.reduce((at, each) => makeDirectory(at, each, layer, mtime), found.last);
      case "blocked": {
        const blocking = found.last.children.get(found.name);
        if (blocking === undefined || blocking.layer === layer) {
          throw new Fault({ what: "the archive has an entry below a file", got: shown(name) });
        }
        // What a lower archive brought as a file this one has as a directory.
        clear(found.last, found.name);
        from = makeDirectory(found.last, found.name, layer, mtime);
        way = found.rest;
        break;
      }
      case "circle":
        throw new Fault({ what: "the archive has an entry below links in a circle", got: shown(name) });
    }
  }
}
