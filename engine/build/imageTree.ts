/** An image's files before they become an archive: in memory, with contents left where they are. */
import { Fault } from "../../errors/fault.ts";

export type ImageEntry = Folder | LeafEntry;
/** Two names of one file (a hard link) are one object under both. */
export type LeafEntry = RegularFile | SymbolicLink | Pipe;

export interface Attributes {
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970; undefined for what gets the image's own time. */
  mtime: number | undefined;
  /** Extended ones, by name. */
  attributes: ReadonlyMap<string, Buffer>;
}

export interface Folder extends Attributes {
  readonly kind: "folder";
  readonly parent: Folder | undefined;
  readonly children: Map<string, ImageEntry>;
}

export interface RegularFile extends Readonly<Attributes> {
  readonly kind: "file";
  readonly content: FileContent;
}

export interface SymbolicLink extends Readonly<Attributes> {
  readonly kind: "link";
  /** A key: see images/unpack/memberName.ts. */
  readonly target: string;
}

export interface Pipe extends Readonly<Attributes> {
  readonly kind: "pipe";
}

export type FileContent =
  | { readonly from: "bytes"; readonly bytes: Buffer }
  /** Read when the archive is written, and refused if it is no longer the file that was seen. */
  | { readonly from: "file"; readonly path: string; readonly seen: SeenFile };

export interface SeenFile {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
}

const MOST_LINKS = 40;
export const noAttributes: ReadonlyMap<string, Buffer> = new Map();

/** Names are keys: a character for each byte. Paths in it are followed as an app would follow them. */
export class ImageTree {
  readonly root: Folder;

  constructor(root: Folder = newFolder(undefined)) {
    this.root = root;
  }

  /** The place of a path: its folder, made with those on the way if it is not there, and its name in it. */
  place(path: string): { readonly folder: Folder; readonly name: string } {
    const components = componentsOfPath(path);
    const name = components.pop();
    if (name === undefined) throw new Fault({ what: "the image's root cannot be replaced", got: path });
    return { folder: this.folder(components.join("/")), name };
  }

  /** The folder at a path, made if it is not there. */
  folder(path: string): Folder {
    let at = this.root;
    let links = 0;
    const pending = componentsOfPath(path).reverse();
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === "..") {
        at = at.parent ?? at;
        continue;
      }
      const child = at.children.get(name);
      if (child === undefined) {
        at = makeFolder(at, name);
      } else if (child.kind === "folder") {
        at = child;
      } else if (child.kind === "link") {
        if (++links > MOST_LINKS) throw new Fault({ what: "links in a circle", where: path });
        if (child.target.startsWith("/")) at = this.root;
        pending.push(...linkComponents(child.target).reverse());
      } else {
        throw new Fault({ what: "a file of the image is in the way of a folder", where: path, got: name });
      }
    }
    return at;
  }

  /** What is at a path; links on the way are followed, one at its end only where that is wanted. */
  at(path: string, end: "itself" | "followed" = "itself"): ImageEntry | undefined {
    let at: ImageEntry = this.root;
    let links = 0;
    const pending = componentsOfPath(path).reverse();
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (at.kind !== "folder") return undefined;
      if (name === "..") {
        at = at.parent ?? at;
        continue;
      }
      const child: ImageEntry | undefined = at.children.get(name);
      if (child === undefined) return undefined;
      if (child.kind === "link" && (pending.length > 0 || end === "followed")) {
        if (++links > MOST_LINKS) return undefined;
        if (child.target.startsWith("/")) at = this.root;
        pending.push(...linkComponents(child.target).reverse());
      } else {
        at = child;
      }
    }
    return at;
  }

  /** Puts a file where a path leads to. A folder that is there stays: a file does not silently replace a tree. */
  put(path: string, entry: LeafEntry): void {
    const { folder, name } = this.place(path);
    if (folder.children.get(name)?.kind === "folder") {
      throw new Fault({
        what: "a folder of the image is in the way of a file",
        where: path,
        remedy: "name the file itself, or remove the folder in a step before",
      });
    }
    folder.children.set(name, entry);
  }

  remove(path: string): void {
    const components = componentsOfPath(path);
    const name = components.pop();
    const parent = this.at(components.join("/"), "followed");
    if (name === undefined || parent?.kind !== "folder" || !parent.children.delete(name)) {
      throw new Fault({ what: "the image has nothing there to remove", where: path });
    }
  }

  /**
   * Puts all that is in a folder into one of the tree. Links of the tree to folders are followed, as on the way to a
   * path. Folders that are there keep their owners and modes, unless those of the source count.
   */
  merge(into: Folder, from: Folder, attributesCount: boolean): void {
    if (attributesCount) describe(into, from);
    for (const [name, entry] of from.children) {
      if (entry.kind !== "folder") {
        if (into.children.get(name)?.kind === "folder") {
          throw new Fault({ what: "a folder of the image is in the way of a file", got: name });
        }
        into.children.set(name, entry);
        continue;
      }
      const there = into.children.get(name);
      const isNew = there === undefined;
      const folder = isNew ? makeFolder(into, name) : this.folder(`${pathOf(into)}/${name}`);
      if (isNew) describe(folder, entry);
      this.merge(folder, entry, attributesCount);
    }
  }
}

export function newFolder(parent: Folder | undefined): Folder {
  return {
    kind: "folder",
    parent,
    children: new Map(),
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: undefined,
    attributes: noAttributes,
  };
}

export function makeFolder(parent: Folder, name: string): Folder {
  const folder = newFolder(parent);
  parent.children.set(name, folder);
  return folder;
}

export function describe(folder: Folder, { mode, uid, gid, mtime, attributes }: Attributes): void {
  Object.assign(folder, { mode, uid, gid, mtime, attributes });
}

/** A path as a key. */
export function keyOf(path: string): string {
  return Buffer.from(path).toString("latin1");
}

function pathOf(folder: Folder): string {
  const { parent } = folder;
  if (parent === undefined) return "";
  const name = [...parent.children].find(([, child]) => child === folder)?.[0] ?? "";
  return `${pathOf(parent)}/${name}`;
}

function componentsOfPath(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function linkComponents(target: string): string[] {
  return componentsOfPath(target);
}
