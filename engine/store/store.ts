import type { Readable } from "node:stream";
import type { ImageManifest } from "../appc/imageManifest.ts";
import type { ImageId, ImageRecord, RemoteRecord, RenderedTree, StoredImage } from "./records.ts";

/**
 * Images by content. Several commands may use it at once, and any of them may be killed at any point: whatever is
 * visible is whole. `openStore` (openStore.ts) gives the one on disk.
 */
export interface Store {
  readonly folder: string;
  list(): Promise<readonly ImageRecord[]>;
  /** The image of an id or of an unambiguous beginning of one. Throws a Fault that says which of the two went wrong. */
  byId(idOrPrefix: string): Promise<StoredImage>;
  /** The newest image of that name whose labels include these; undefined if there is none. */
  byName(name: string, labels: ReadonlyMap<string, string>): Promise<StoredImage | undefined>;
  manifest(id: ImageId): Promise<ImageManifest>;
  /** Whether this process may go by what the store says of an image: root, only where it brought the image itself. */
  isVouched(id: ImageId): boolean;
  /** Takes in an ACI, compressed or not, from a stream of its bytes. Refuses what is no valid ACI. */
  importAci(content: Readable, facts: ImportFacts): Promise<StoredImage>;
  /** Takes in an OCI image whose blobs are in the store already (`addBlob`). */
  importOci(
    manifestBytes: Uint8Array,
    facts: ImportFacts & {
      /** `registry/repository:tag`, or `registry/repository@digest` where the person gave a digest. */
      readonly repoTag: string;
      /** `registry/repository@digest` as the registry knows it: of the index, where the image was chosen from one. */
      readonly repoDigest?: string;
    },
  ): Promise<StoredImage>;
  /** Adds a blob and checks it against its digest (`sha256:…`); a blob that is there already is not read again. */
  addBlob(digest: string, content: Readable): Promise<void>;
  hasBlob(digest: string): Promise<boolean>;
  /** Marks the use of an image, and keeps gc and rm from it until it is released or this process ends. */
  use(id: ImageId): Promise<StoreUse>;
  remote(url: string): Promise<RemoteRecord | undefined>;
  rememberRemote(record: RemoteRecord): Promise<void>;
  /** The rendered tree of an image with its dependencies; made when it is not there. */
  render(id: ImageId): Promise<RenderedTree>;
  /** Checks a rendered tree against the hash taken when it was made. */
  checkTree(treeId: string): Promise<void>;
  remove(id: ImageId): Promise<void>;
}

/** A command that ends soon need not release it; a server must. */
export interface StoreUse {
  release(): void;
}

export interface ImportFacts {
  readonly latest: boolean;
  readonly verification: ImageRecord["verification"];
}
