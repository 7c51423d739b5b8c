import { statSync } from "node:fs";
import { join } from "node:path";
import { lives, thisProcess } from "../pods/owner.ts";
import { digest } from "./lateCrypto.ts";
import type { ImageId } from "./records.ts";

/** Where things are below `<data>/cas`: rkt's own places, where it has one for them. */
export class StoreFolders {
  readonly root: string;
  readonly version: string;
  /** Held exclusively for the moment in which images appear or disappear. */
  readonly lock: string;
  readonly images: string;
  readonly manifests: string;
  readonly blobs: string;
  readonly remotes: string;
  readonly trees: string;
  readonly imageLocks: string;
  readonly treeLocks: string;
  /** Root's own copies of what it has verified. */
  readonly vouched: string;
  readonly #ownTemporary: string;
  readonly membersTemporary: string;

  constructor(data: string) {
    this.root = join(data, "cas");
    this.version = join(this.root, "version");
    this.lock = join(this.root, "lock");
    this.images = join(this.root, "image");
    this.manifests = join(this.root, "imageManifest");
    this.blobs = join(this.root, "blob");
    this.remotes = join(this.root, "remote");
    this.trees = join(this.root, "tree");
    this.imageLocks = join(this.root, "imagelocks");
    this.treeLocks = join(this.root, "treestorelocks");
    this.vouched = join(this.root, "vouched");
    this.#ownTemporary = join(this.root, "tmp");
    this.membersTemporary = join(this.root, "members");
  }

  /** What is in the making. Members of the group have a folder of their own: root's is nobody's to change. */
  get temporary(): string {
    const user = process.geteuid?.();
    if (user === 0 || user === undefined) return this.#ownTemporary;
    const owner = statSync(this.#ownTemporary, { throwIfNoEntry: false })?.uid;
    return owner === undefined || owner === user ? this.#ownTemporary : this.membersTemporary;
  }

  record(id: ImageId): string {
    return join(this.images, `${id}.json`);
  }

  manifest(id: ImageId): string {
    return join(this.manifests, "sha512", id.slice(7, 9), id);
  }

  /** An ACI's uncompressed bytes. */
  aci(id: ImageId): string {
    return join(this.blobs, "sha512", id.slice(7, 9), id);
  }

  /** `sha256:…`, as it was downloaded. */
  blob(digest: string): string {
    const hex = digest.slice("sha256:".length);
    return join(this.blobs, "sha256", hex.slice(0, 2), hex);
  }

  remote(url: string): string {
    return join(this.remotes, `${digest("sha256", url)}.json`);
  }

  tree(treeId: string): string {
    return join(this.trees, treeId);
  }

  vouchedCopy(id: ImageId): string {
    return join(this.vouched, `${id}.json`);
  }

  imageLock(id: ImageId): string {
    return join(this.imageLocks, id);
  }

  treeLock(treeId: string): string {
    return join(this.treeLocks, treeId);
  }

  /** A new name for something that is being made; it says who makes it, so that gc knows when nobody does any more. */
  newTemporary(): string {
    const { pid, started, boot } = thisProcess();
    made += 1;
    return join(this.temporary, [pid, started, boot, made].join("."));
  }
}

/** How many names of this process there are. */
let made = 0;

/** Whether the process that made this name is still there. */
export function makerLives(name: string): boolean {
  const [pid = "", started = "", boot = ""] = name.split(".");
  return lives({ pid: Number(pid), started, boot });
}

export function isImageId(text: string): boolean {
  return /^sha512-[0-9a-f]{64}$/.test(text);
}

export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}
