/** OCI images on disk: an image layout is a folder of blobs named by their hashes, with an index of images. */
import { createHash } from "node:crypto";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { digestOfFile } from "../../files/digest.ts";
import { run } from "../program.ts";

const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  /** Not compressed: it travels no further than this machine, and is unpacked in a third of the time. */
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.int(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type Descriptor = z.infer<typeof descriptorSchema>;

export const indexSchema = z.object({ manifests: z.array(descriptorSchema) });
export const manifestSchema = z.object({ config: descriptorSchema, layers: z.array(descriptorSchema) });

/** What an image runs, in the terms of the OCI image configuration. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly StopSignal?: string;
}

export interface LayoutImage {
  readonly name: string;
  readonly config: ImageConfig;
  /** Further annotations of the index's entry. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Puts one tarball as the only layer of each of the images into a layout. The tarball moves into it. */
export async function writeLayout(
  folder: string,
  layerFile: string,
  images: readonly LayoutImage[],
): Promise<void> {
  const blobs = join(folder, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layerHash = await digestOfFile(layerFile);
  const { size } = await stat(layerFile);
  await rename(layerFile, join(blobs, layerHash));
  const layer: Descriptor = { mediaType: mediaTypes.layer, digest: `sha256:${layerHash}`, size };
  const manifests: Descriptor[] = [];
  for (const image of images) {
    const config = await writeBlob(blobs, mediaTypes.config, {
      created: "1970-01-01T00:00:00Z",
      architecture: architecture(),
      os: "linux",
      config: image.config,
      rootfs: { type: "layers", diff_ids: [layer.digest] },
      history: [{ created: "1970-01-01T00:00:00Z", created_by: "rktnetes lab" }],
    });
    const manifest = await writeBlob(blobs, mediaTypes.manifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config,
      layers: [layer],
    });
    manifests.push({
      ...manifest,
      annotations: { "org.opencontainers.image.ref.name": image.name, ...image.annotations },
    });
  }
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }),
  );
}

/** A tarball of a folder's contents that depends on nothing but names, modes, owners and contents. */
export async function packFolder(folder: string, file: string, ownedByRoot: boolean): Promise<void> {
  const owner = ownedByRoot ? ["--owner=0", "--group=0"] : [];
  await run("tar", [
    "--create",
    "--format=gnu",
    "--sort=name",
    "--mtime=@0",
    "--numeric-owner",
    ...owner,
    `--file=${file}`,
    `--directory=${folder}`,
    ".",
  ]);
}

async function writeBlob(blobs: string, mediaType: string, content: unknown): Promise<Descriptor> {
  const text = JSON.stringify(content);
  const hash = createHash("sha256").update(text).digest("hex");
  await writeFile(join(blobs, hash), text);
  return { mediaType, digest: `sha256:${hash}`, size: Buffer.byteLength(text) };
}

/** This machine's, as images name it. */
export function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
