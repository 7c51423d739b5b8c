/** Signatures as `cosign sign --key` makes them, by a key that exists only while they are made. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { indexSchema, type Descriptor } from "../../../lab/images/oci.ts";
import { nameOf, partsOf, type TestImage } from "./catalogue.ts";

const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  payload: "application/vnd.dev.cosign.simplesigning.v1+json",
} as const;

/** What an image's signatures are called in the layout. */
export function signatureNameOf(image: TestImage): string {
  return `signatures of ${nameOf(image)}`;
}

/** Where cosign lays the signatures of a manifest, beside it in its repository. */
export function signatureTagOf(digest: string): string {
  return `${digest.replace(":", "-")}.sig`;
}

/** Adds each image's signatures to the layout that holds it, and writes the key by which they are known. */
export async function signLayout(
  layout: string,
  images: readonly TestImage[],
  publicKeyFile: string,
): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const indexFile = join(layout, "index.json");
  const text = await readFile(indexFile, "utf8");
  const { manifests } = indexSchema.parse(JSON.parse(text));
  const byName = new Map(
    manifests.map((entry) => [entry.annotations?.["org.opencontainers.image.ref.name"], entry]),
  );
  const added: Descriptor[] = [];
  for (const image of images) {
    const entry = byName.get(nameOf(image));
    if (entry === undefined) throw new Error(`the layout has no ${nameOf(image)}`);
    const manifest = await signatureManifest(layout, image, entry.digest, privateKey);
    added.push({
      ...manifest,
      annotations: { "org.opencontainers.image.ref.name": signatureNameOf(image) },
    });
  }
  const index = { schemaVersion: 2, manifests: [...manifests, ...added] };
  await writeFile(publicKeyFile, publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(indexFile, JSON.stringify(index));
}

/** One signature for each repository that the image is called by. */
async function signatureManifest(
  layout: string,
  { references }: TestImage,
  digest: string,
  key: KeyObject,
): Promise<Descriptor> {
  const layers: Descriptor[] = [];
  for (const repository of new Set(references.map((reference) => partsOf(reference).repository))) {
    const payload = JSON.stringify({
      critical: {
        identity: { "docker-reference": repository },
        image: { "docker-manifest-digest": digest },
        type: "cosign container image signature",
      },
      optional: null,
    });
    const signature = sign("sha256", Buffer.from(payload), key).toString("base64");
    layers.push({
      ...(await writeBlob(layout, types.payload, payload)),
      annotations: { "dev.cosignproject.cosign/signature": signature },
    });
  }
  const config = await writeBlob(
    layout,
    types.config,
    JSON.stringify({ architecture: "", os: "", rootfs: { type: "layers", diff_ids: [] } }),
  );
  const manifest = { schemaVersion: 2, mediaType: types.manifest, config, layers };
  return writeBlob(layout, types.manifest, JSON.stringify(manifest));
}

async function writeBlob(layout: string, mediaType: string, text: string): Promise<Descriptor> {
  const hash = createHash("sha256").update(text).digest("hex");
  await writeFile(join(layout, "blobs", "sha256", hash), text);
  return { mediaType, digest: `sha256:${hash}`, size: Buffer.byteLength(text) };
}
