/** A store in a scratch folder, and small images for it. */
import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { DiskStore } from "../../../engine/store/DiskStore.ts";
import { openStore } from "../../../engine/store/openStore.ts";
import { removeTree } from "../../../engine/store/removeTree.ts";
import type { StoredImage } from "../../../engine/store/records.ts";
import type { ImportFacts } from "../../../engine/store/store.ts";
import { archiveOf } from "../images/unpack/archive.ts";
import type { Member } from "../images/unpack/archive.ts";

export const facts: ImportFacts = {
  latest: false,
  verification: { by: "nothing", reason: "made by a test" },
};

/** A new folder for each test of the suite that calls this, gone after it. */
export function scratchFolder(): () => string {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rktnetes-store-"));
  });
  afterEach(() => {
    removeTree(folder);
  });
  return () => folder;
}

export interface OpenedStore {
  readonly store: DiskStore;
  readonly warnings: readonly string[];
}

export async function storeIn(data: string): Promise<OpenedStore> {
  const warnings: string[] = [];
  const report = { warn: (text: string) => void warnings.push(text) };
  return { store: await openStore({ folders: { data }, report }), warnings };
}

export interface AciOptions {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: readonly object[];
  readonly pathWhitelist?: readonly string[];
}

/** The members' names are below rootfs. */
export function aciOf(members: readonly Member[], options: AciOptions = {}): Buffer {
  const { name = "example.com/test", version = "1", dependencies = [], pathWhitelist = [] } = options;
  const manifest = JSON.stringify({
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name,
    labels: [{ name: "version", value: version }],
    dependencies,
    pathWhitelist,
  });
  return archiveOf([
    { name: "manifest", content: manifest },
    { name: "rootfs/", type: "5" },
    ...members.map((member) => ({
      ...member,
      name: Buffer.concat([Buffer.from("rootfs/"), Buffer.from(member.name)]),
      ...(member.type === "1" && { target: `rootfs/${String(member.target)}` }),
    })),
  ]);
}

export async function importAci(
  store: DiskStore,
  members: readonly Member[],
  options?: AciOptions,
): Promise<StoredImage> {
  return await store.importAci(Readable.from([aciOf(members, options)]), facts);
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** An OCI image with uncompressed layers, as a registry client brings it. */
export async function importOci(
  store: DiskStore,
  layers: readonly (readonly Member[])[],
  repoTag = "registry.example.com/lib/test:1",
): Promise<StoredImage> {
  const blobs = layers.map(archiveOf);
  const configuration = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Cmd: ["/bin/true"] },
      rootfs: { type: "layers", diff_ids: blobs.map(digestOf) },
    }),
  );
  for (const blob of [...blobs, configuration]) {
    await store.addBlob(digestOf(blob), Readable.from([blob]));
  }
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: {
        mediaType: "application/vnd.oci.image.config.v1+json",
        digest: digestOf(configuration),
        size: configuration.length,
      },
      layers: blobs.map((blob) => ({
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest: digestOf(blob),
        size: blob.length,
      })),
    }),
  );
  return await store.importOci(manifest, { ...facts, repoTag });
}
