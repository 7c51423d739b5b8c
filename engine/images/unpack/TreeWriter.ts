import { closeSync, constants, fchmodSync, fchownSync, futimesSync, openSync, writeSync } from "node:fs";
import { chmodSync, chownSync, lchownSync, linkSync, lutimesSync, symlinkSync } from "node:fs";
import { diskFault } from "../../../errors/diskFault.ts";
import { Fault } from "../../../errors/fault.ts";
import { finishTree } from "./finishTree.ts";
import { asKey, asPath, componentsOf } from "./memberName.ts";
import { shown } from "./TarReader.ts";
import type { TarEntry, TarSink } from "./tarEntry.ts";
import { findDirectory } from "./treeNodes.ts";
import type { DirectoryNode, LeafNode } from "./treeNodes.ts";
import { clear, directoryNode, makeDirectory, parentOf } from "./treePlaces.ts";
import { applyWhiteout, isWhiteout } from "./whiteouts.ts";

/** What one image may take. Far beyond honest ones, and short of what would fill a host unnoticed. */
export interface TreeLimits {
  readonly entries: number;
  readonly bytes: number;
}

export const defaultTreeLimits: TreeLimits = { entries: 1_000_000, bytes: 64 * 1024 ** 3 };

export interface TreeWriterOptions {
  /**
   * Whether files get the owners of the archive, and setuid and file capabilities with them: true for root. Otherwise
   * all belongs to whoever unpacks, and a setuid bit would lend that person's rights.
   */
  readonly owners: boolean;
  readonly limits?: TreeLimits;
  /** Told once for each kind of thing that was left out or could not be kept. */
  readonly warn?: (text: string) => void;
}

/** How one archive is put into the tree. */
export interface LayerOptions {
  /** OCI: names that begin with `.wh.` take away what lower layers brought. */
  readonly whiteouts?: boolean;
  /** ACI: only what is below this folder counts, and becomes the root. */
  readonly below?: string;
  /** Whether a path (its parts below the root joined by `/`) is wanted. */
  readonly wanted?: (path: string, isDirectory: boolean) => boolean;
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const SETUID_AND_SETGID = 0o6000;
const none: ReadonlyMap<string, Buffer> = new Map();

/**
 * Writes archives, one over the other, into a new folder that nobody else writes to. Archives are hostile until proven
 * otherwise: whatever they say, nothing outside the folder is touched, and what comes about is what an unpacker
 * confined to the folder (as with chroot) would have made.
 *
 * Devices are left out: a pod's /dev is made by its stage1, and a device node in a shared tree would only be a way
 * around it (or, with numbers 0 0, a whiteout to overlayfs).
 */
export class TreeWriter implements TarSink {
  readonly root: DirectoryNode;
  readonly #options: TreeWriterOptions;
  readonly #limits: TreeLimits;
  #layer = -1;
  #layerOptions: LayerOptions = {};
  #entries = 0;
  #bytes = 0;
  #leftOutDevices = 0;
  #open:
    | {
        readonly descriptor: number;
        readonly entry: TarEntry;
        readonly place: DirectoryNode;
        readonly name: string;
      }
    | undefined;

  /** The folder must exist, be empty and belong to us alone. */
  constructor(folder: string, options: TreeWriterOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultTreeLimits;
    this.root = directoryNode(undefined, asKey(Buffer.from(folder)), 0);
    attempt("", () => {
      // A folder below one with setgid inherits group and bit, and so would everything in it.
      if (options.owners) chownSync(folder, 0, 0);
      chmodSync(folder, 0o700);
    });
  }

  /** Begins the next archive. */
  layer(options: LayerOptions): void {
    this.#layer++;
    this.#layerOptions = options;
  }

  entry(entry: TarEntry): void {
    if (++this.#entries > this.#limits.entries) {
      throw new Fault({ what: `the image has more than ${this.#limits.entries} entries` });
    }
    this.#bytes += entry.size;
    if (this.#bytes > this.#limits.bytes) {
      throw new Fault({ what: `the image unpacks to more than ${this.#limits.bytes} bytes` });
    }
    const components = this.#locate(entry.name);
    if (components === undefined) return;
    const { wanted } = this.#layerOptions;
    if (wanted !== undefined && !wanted(components.join("/"), entry.kind === "directory")) return;
    attempt(shown(entry.name), () => {
      this.#place(entry, components);
    });
  }

  content(piece: Buffer): void {
    const open = this.#open;
    if (open === undefined) return;
    attempt(shown(open.entry.name), () => {
      for (let at = 0; at < piece.length;) at += writeSync(open.descriptor, piece, at);
    });
  }

  endOfFile(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { descriptor, entry } = open;
    attempt(shown(entry.name), () => {
      try {
        // In this order: a change of owner takes the setuid bit away.
        if (this.#options.owners) fchownSync(descriptor, entry.uid, entry.gid);
        fchmodSync(descriptor, this.#modeOf(entry.mode));
        futimesSync(descriptor, entry.mtime, entry.mtime);
      } finally {
        closeSync(descriptor);
      }
    });
    open.place.children.set(open.name, this.#leaf("file", entry));
  }

  /** Gives directories their modes and times, which had to wait until nothing more is put into them. */
  async finish(): Promise<void> {
    const { warn } = this.#options;
    if (this.#leftOutDevices > 0) {
      warn?.(
        `left out device nodes of the image: ${this.#leftOutDevices}; a pod's /dev does not come from it`,
      );
    }
    await finishTree(this.root, {
      owners: this.#options.owners,
      modeOf: (mode) => this.#modeOf(mode),
      warn: warn ?? (() => undefined),
    });
  }

  /** Lets go of a file that was being written when the archive turned out to be bad. */
  abandon(): void {
    if (this.#open !== undefined) closeSync(this.#open.descriptor);
    this.#open = undefined;
  }

  #locate(name: Buffer): string[] | undefined {
    const components = componentsOf(name);
    const { below } = this.#layerOptions;
    if (below === undefined) return components;
    return components.shift() === below ? components : undefined;
  }

  #place(entry: TarEntry, components: string[]): void {
    const name = components.pop();
    if (name === undefined) {
      if (entry.kind !== "directory") throw new Fault({ what: "the archive's root is no directory" });
      this.#describe(this.root, entry);
      return;
    }
    if (this.#layerOptions.whiteouts === true && isWhiteout(name)) {
      applyWhiteout(this.root, components, name, this.#layer);
      return;
    }
    const place = parentOf(this.root, components, entry, this.#layer);
    if (entry.kind === "directory") {
      this.#directory(place, name, entry);
      return;
    }
    if (entry.kind === "hardlink") {
      this.#hardlink(place, name, entry);
      return;
    }
    clear(place, name);
    switch (entry.kind) {
      case "file":
        this.#open = {
          descriptor: openSync(asPath(`${place.path}/${name}`), CREATE, 0o600),
          entry,
          place,
          name,
        };
        break;
      case "symlink":
        this.#symlink(place, name, entry);
        break;
      case "fifo":
        place.children.set(name, this.#leaf("fifo", entry));
        break;
      case "device":
        this.#leftOutDevices++;
        break;
    }
  }

  #directory(place: DirectoryNode, name: string, entry: TarEntry): void {
    const there = place.children.get(name);
    if (there?.kind === "directory") {
      this.#describe(there, entry);
      return;
    }
    clear(place, name);
    this.#describe(makeDirectory(place, name, this.#layer, entry.mtime), entry);
  }

  #symlink(place: DirectoryNode, name: string, entry: TarEntry): void {
    if (entry.target.length === 0) throw new Fault({ what: "a symbolic link of the archive leads nowhere" });
    const path = asPath(`${place.path}/${name}`);
    symlinkSync(asPath(asKey(entry.target)), path);
    if (this.#options.owners) lchownSync(path, entry.uid, entry.gid);
    lutimesSync(path, entry.mtime, entry.mtime);
    place.children.set(name, this.#leaf("symlink", entry));
  }

  #hardlink(place: DirectoryNode, name: string, entry: TarEntry): void {
    const components = this.#locate(entry.target);
    const last = components?.pop();
    const found = components === undefined ? undefined : findDirectory(this.root, components);
    const target =
      found?.kind === "there" && last !== undefined ? found.directory.children.get(last) : undefined;
    if (found?.kind !== "there" || last === undefined || target === undefined) {
      throw new Fault({
        what: "a hard link of the archive leads to nothing that came before it",
        got: shown(entry.target),
      });
    }
    if (target.kind === "directory") {
      throw new Fault({
        what: "a hard link of the archive leads to a directory",
        got: shown(entry.target),
      });
    }
    // A link to itself: clearing its place would lose the file.
    if (place.children.get(name) === target && found.directory === place) return;
    clear(place, name);
    if (target.kind !== "fifo") {
      linkSync(asPath(`${found.directory.path}/${last}`), asPath(`${place.path}/${name}`));
    }
    place.children.set(name, { ...target, layer: this.#layer });
  }

  #leaf(kind: LeafNode["kind"], entry: TarEntry): LeafNode {
    return {
      kind,
      layer: this.#layer,
      mode: entry.mode,
      uid: entry.uid,
      gid: entry.gid,
      mtime: entry.mtime,
      target: kind === "symlink" ? asKey(entry.target) : "",
      attributes: entry.attributes.size === 0 ? none : entry.attributes,
    };
  }

  #modeOf(mode: number): number {
    return this.#options.owners ? mode : mode & ~SETUID_AND_SETGID;
  }

  #describe(node: DirectoryNode, entry: TarEntry): void {
    node.layer = this.#layer;
    node.mode = entry.mode;
    node.uid = entry.uid;
    node.gid = entry.gid;
    node.mtime = entry.mtime;
    node.attributes = entry.attributes;
  }
}

/** Runs file system calls; a failure names the archive's entry. */
function attempt(member: string, calls: () => void): void {
  try {
    calls();
  } catch (error) {
    const fault = diskFault(error);
    if (!(fault instanceof Fault) || fault === error) throw error;
    throw new Fault({ ...fault.details, what: `cannot unpack ${member}: ${fault.details.what}` });
  }
}
