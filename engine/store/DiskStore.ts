import { existsSync, readFileSync, renameSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Fault } from "../../errors/fault.ts";
import { diskFault, hasCode } from "../../errors/diskFault.ts";
import type { Dependency, ImageManifest } from "../appc/imageManifest.ts";
import { parseImageManifest } from "../appc/parseImageManifest.ts";
import type { Report } from "../context.ts";
import { treeIdOf, treeParts } from "./dependencies.ts";
import type { TreePart } from "./dependencies.ts";
import { listImageIds, listRecords, noteUse, readRecord } from "./imageRecords.ts";
import { lock, locked, tryLock } from "./lock.ts";
import type { Lock } from "./lock.ts";
import type { ImageId, ImageRecord, RemoteRecord, RenderedTree, StoredImage } from "./records.ts";
import { readRemote, writeRemote } from "./remoteRecords.ts";
import { inTree, isRendered, moveTreeAside } from "./treePlace.ts";
import type { ImportFacts, Store, StoreUse } from "./store.ts";
import { isDigest, isImageId } from "./storeFolders.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { makeParent } from "./storeModes.ts";
import { checkNotes } from "./treeHash.ts";

/** Shorter ones would name half of the store. */
const SHORTEST_PREFIX = "sha512-".length + 2;

/** What is only needed for images that come or go is loaded then: `run` of an image that is there waits for none of it. */
export class DiskStore implements Store {
  readonly folders: StoreFolders;
  readonly report: Pick<Report, "warn">;
  /** The images that this process keeps from gc, and for how many. */
  readonly #uses = new Map<ImageId, { count: number; readonly lock: Promise<Lock> }>();

  constructor(folders: StoreFolders, report: Pick<Report, "warn">) {
    this.folders = folders;
    this.report = report;
  }

  get folder(): string {
    return this.folders.root;
  }

  list(): Promise<readonly ImageRecord[]> {
    return this.#speaking(() => listRecords(this.folders));
  }

  byId(idOrPrefix: string): Promise<StoredImage> {
    return this.#speaking(() => {
      const record = readRecord(this.folders, this.#wholeId(idOrPrefix));
      if (record === undefined) throw new Fault({ what: "no image IDs found" });
      return this.#stored(record);
    });
  }

  byName(name: string, labels: ReadonlyMap<string, string>): Promise<StoredImage | undefined> {
    return this.#speaking(() => {
      // With a version asked for, the newest image; without, the newest of those that came without one.
      const preferLatest = !labels.has("version");
      let best: StoredImage | undefined;
      for (const record of listRecords(this.folders)) {
        if (best !== undefined && !isBetter(record, best.record, preferLatest)) continue;
        if (record.kind === "aci" && record.name !== name) continue;
        const image = this.#stored(record);
        if (hasName(image, name) && hasLabels(image.manifest, labels)) best = image;
      }
      return best;
    });
  }

  manifest(id: ImageId): Promise<ImageManifest> {
    return this.#speaking(() => this.#manifest(id));
  }

  async importAci(content: Readable, facts: ImportFacts): Promise<StoredImage> {
    return await this.#speaking(async () => {
      const { bringAci } = await import("./importImage.ts");
      return await bringAci(this.folders, content, facts);
    });
  }

  async importOci(
    manifestBytes: Uint8Array,
    facts: ImportFacts & { readonly repoTag: string },
  ): Promise<StoredImage> {
    return await this.#speaking(async () => {
      const { bringOci } = await import("./importImage.ts");
      return await bringOci(this.folders, manifestBytes, facts);
    });
  }

  async addBlob(digest: string, content: Readable): Promise<void> {
    await this.#speaking(async () => {
      if (await this.hasBlob(digest)) {
        content.destroy();
        return;
      }
      const { keepBlob } = await import("./keepBlob.ts");
      const beside = this.folders.newTemporary();
      await keepBlob(digest, content, beside);
      const path = this.folders.blob(digest);
      makeParent(path);
      renameSync(beside, path);
    });
  }

  /** Dates the blob as well, so that gc sees that somebody counts on it. */
  hasBlob(digest: string): Promise<boolean> {
    return this.#speaking(() => {
      if (!isDigest(digest)) throw new Fault({ what: "not a digest", got: digest, allowed: "sha256:…" });
      const path = this.folders.blob(digest);
      try {
        utimesSync(path, new Date(), new Date());
        return true;
      } catch (error) {
        if (hasCode(error, "ENOENT")) return false;
        if (hasCode(error, "EPERM", "EACCES")) return existsSync(path);
        throw error;
      }
    });
  }

  async use(id: ImageId): Promise<StoreUse> {
    return await this.#speaking(async () => {
      let use = this.#uses.get(id);
      if (use === undefined) {
        use = { count: 0, lock: lock(this.folders.imageLock(id), "shared") };
        this.#uses.set(id, use);
      }
      const held = use;
      held.count++;
      let released = false;
      const release = (): void => {
        if (released) return;
        released = true;
        if (--held.count > 0) return;
        this.#uses.delete(id);
        // One that could not be taken has told whoever waited for it.
        held.lock.then(
          (taken) => {
            taken.release();
          },
          () => undefined,
        );
      };
      try {
        await held.lock;
        if (!existsSync(this.folders.record(id)))
          throw new Fault({ what: `image ${id} is not in the store` });
        noteUse(this.folders, id);
      } catch (error) {
        release();
        throw error;
      }
      return { release };
    });
  }

  remote(url: string): Promise<RemoteRecord | undefined> {
    return this.#speaking(() => readRemote(this.folders, url));
  }

  rememberRemote(record: RemoteRecord): Promise<void> {
    return this.#speaking(() => {
      writeRemote(this.folders, record);
    });
  }

  /** The images that a tree of this one is made of, as the store has them now. */
  async parts(id: ImageId): Promise<readonly TreePart[]> {
    return await treeParts(await this.byId(id), (dependency) => this.#dependency(dependency));
  }

  async render(id: ImageId): Promise<RenderedTree> {
    return await this.#speaking(async () => {
      const use = await this.use(id);
      try {
        const parts = await this.parts(id);
        const treeId = treeIdOf(parts);
        if (!isRendered(this.folders, treeId)) await this.#make(treeId, parts);
        return { id: treeId, rootfs: join(this.folders.tree(treeId), inTree.rootfs) };
      } finally {
        use.release();
      }
    });
  }

  /**
   * Makes a tree a second time. The one that is there is moved aside, not removed: overlay mounts of running pods hold
   * on to it, and gc takes it when this process is gone and no pod uses a tree of that name any more.
   */
  async renderAnew(id: ImageId): Promise<RenderedTree> {
    return await this.#speaking(async () => {
      const use = await this.use(id);
      try {
        const parts = await this.parts(id);
        const treeId = treeIdOf(parts);
        await locked(this.folders.treeLock(treeId), "exclusive", () => {
          moveTreeAside(this.folders, treeId);
        });
        await this.#make(treeId, parts);
        return { id: treeId, rootfs: join(this.folders.tree(treeId), inTree.rootfs) };
      } finally {
        use.release();
      }
    });
  }

  async checkTree(treeId: string): Promise<void> {
    await this.#speaking(() => checkNotes(this.folders, treeId));
  }

  async remove(id: ImageId): Promise<void> {
    await this.#speaking(async () => {
      const { removeImage } = await import("./removeImage.ts");
      const held = await tryLock(this.folders.imageLock(id), "exclusive");
      if (held === undefined) {
        throw new Fault({ what: `image ${id} is in use`, remedy: "wait for the commands that use it" });
      }
      try {
        await locked(this.folders.lock, "exclusive", () => {
          removeImage(this.folders, id);
        });
      } finally {
        held.release();
      }
    });
  }

  /** Two that want one tree: the first makes it, the second waits and finds it there. */
  async #make(treeId: string, parts: readonly TreePart[]): Promise<void> {
    await locked(this.folders.treeLock(treeId), "exclusive", async () => {
      if (isRendered(this.folders, treeId)) return;
      const { renderTree } = await import("./renderTree.ts");
      const uses: StoreUse[] = [];
      try {
        for (const { image } of parts) uses.push(await this.use(image.record.id));
        await renderTree(this.folders, treeId, parts, (text) => {
          this.report.warn(text);
        });
      } finally {
        for (const use of uses) use.release();
      }
    });
  }

  async #dependency(dependency: Dependency): Promise<StoredImage | undefined> {
    if (dependency.imageID === undefined) {
      return await this.byName(
        dependency.imageName,
        new Map(dependency.labels.map(({ name, value }) => [name, value])),
      );
    }
    const record = readRecord(this.folders, this.#wholeId(dependency.imageID));
    return record === undefined ? undefined : this.#stored(record);
  }

  #wholeId(idOrPrefix: string): ImageId {
    if (!idOrPrefix.startsWith("sha512-")) throw new Fault({ what: "wrong key prefix", got: idOrPrefix });
    if (idOrPrefix.length < SHORTEST_PREFIX) throw new Fault({ what: "image ID too short", got: idOrPrefix });
    // The whole digest names its image, too.
    const wanted = idOrPrefix.slice(0, "sha512-".length + 64);
    if (isImageId(wanted)) return wanted;
    const [found, ...others] = listImageIds(this.folders).filter((id) => id.startsWith(wanted));
    if (found === undefined) throw new Fault({ what: "no image IDs found" });
    if (others.length > 0) throw new Fault({ what: `ambiguous image ID: "${idOrPrefix}"` });
    return found;
  }

  #stored(record: ImageRecord): StoredImage {
    return { record, manifest: this.#manifest(record.id) };
  }

  #manifest(id: ImageId): ImageManifest {
    try {
      return parseImageManifest(readFileSync(this.folders.manifest(id), "utf8"));
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw new Fault({ what: `image ${id} is not in the store` });
      throw error;
    }
  }

  /** Failures of the disk in words for people. */
  async #speaking<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw diskFault(error);
    }
  }
}

function isBetter(one: ImageRecord, other: ImageRecord, preferLatest: boolean): boolean {
  if (preferLatest && one.latest !== other.latest) return one.latest;
  return one.importTime > other.importTime;
}

function hasName({ record, manifest }: StoredImage, name: string): boolean {
  return (
    manifest.name === name ||
    record.name === name ||
    (record.oci?.repoTags.some((tag) => tag === name) ?? false)
  );
}

function hasLabels(manifest: ImageManifest, labels: ReadonlyMap<string, string>): boolean {
  return [...labels].every(([name, value]) =>
    manifest.labels.some((label) => label.name === name && label.value === value),
  );
}
