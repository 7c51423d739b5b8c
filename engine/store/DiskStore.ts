import { existsSync, renameSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Fault } from "../../errors/fault.ts";
import { diskFault, hasCode } from "../../errors/diskFault.ts";
import type { ImageManifest } from "../appc/imageManifest.ts";
import type { Report } from "../context.ts";
import { treeIdOf, treeParts } from "./dependencies.ts";
import type { TreePart } from "./dependencies.ts";
import { imageById, imageByName, imageOfDependency, manifestInStore, wholeId } from "./findImages.ts";
import { listRecords, noteUse } from "./imageRecords.ts";
import { lock, locked, tryLock } from "./lock.ts";
import type { Lock } from "./lock.ts";
import type { ImageId, ImageRecord, RemoteRecord, RenderedTree, StoredImage } from "./records.ts";
import { readRemote, writeRemote } from "./remoteRecords.ts";
import { inTree, isRendered, moveTreeAside } from "./treePlace.ts";
import type { ImportFacts, Store, StoreUse } from "./store.ts";
import { isDigest } from "./storeFolders.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { makeParent } from "./storeModes.ts";
import { checkNotes } from "./treeHash.ts";
import { assertVouched, isVouched } from "./vouched.ts";

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
    return this.#speaking(() => imageById(this.folders, idOrPrefix));
  }

  /** What an id or the beginning of one names, whether or not it can be read. */
  wholeId(idOrPrefix: string): Promise<ImageId> {
    return this.#speaking(() => wholeId(this.folders, idOrPrefix));
  }

  byName(name: string, labels: ReadonlyMap<string, string>): Promise<StoredImage | undefined> {
    return this.#speaking(() => imageByName(this.folders, name, labels));
  }

  manifest(id: ImageId): Promise<ImageManifest> {
    return this.#speaking(() => manifestInStore(this.folders, id));
  }

  async importAci(content: Readable, facts: ImportFacts): Promise<StoredImage> {
    return await this.#speaking(async () => {
      const { bringAci } = await import("./importImage.ts");
      return await bringAci(this.folders, content, facts);
    });
  }

  async importOci(
    manifestBytes: Uint8Array,
    facts: ImportFacts & { readonly repoTag: string; readonly repoDigest?: string },
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
    const parts = await treeParts(await this.byId(id), (dependency) =>
      Promise.resolve(imageOfDependency(this.folders, dependency)),
    );
    for (const { image } of parts) assertVouched(this.folders, image.record);
    return parts;
  }

  isVouched(id: ImageId): boolean {
    return isVouched(this.folders, id);
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

  /** Failures of the disk in words for people. */
  async #speaking<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw diskFault(error);
    }
  }
}
