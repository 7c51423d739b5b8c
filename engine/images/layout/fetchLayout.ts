/** An image from an OCI layout, under the same rules as one from a registry. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Fault } from "../../../errors/fault.ts";
import type { StoredImage } from "../../store/records.ts";
import type { Fetching } from "../download/fetching.ts";
import { temporaryName } from "../download/part.ts";
import {
  LARGEST_CONFIGURATION,
  LARGEST_MANIFEST,
  readConfiguration,
  readImageDocument,
  refuseWhatIsNoImage,
  type OciManifest,
} from "../oci/documents.ts";
import { entryFor, platformOfThisMachine } from "../oci/platform.ts";
import { parseRegistryReference, type LayoutReference } from "../reference.ts";
import { digestOf } from "../registry/RegistryClient.ts";
import type { SignatureShelf } from "../registry/signatures.ts";
import { verifyOciImage } from "../registry/verifyOciImage.ts";
import { chooseEntry, nameOf, repoTagOfEntry, type LayoutEntry } from "./chooseImage.ts";
import { Layout } from "./Layout.ts";
import { unpackArchive } from "./unpackArchive.ts";

export async function fetchLayout(fetching: Fetching, reference: LayoutReference): Promise<StoredImage> {
  if (!reference.archive) return await bringIn(fetching, reference, reference.path);
  const folder = join(fetching.temporary, temporaryName("layout"));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await unpackArchive(reference.path, folder);
    return await bringIn(fetching, reference, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bringIn(fetching: Fetching, reference: LayoutReference, folder: string): Promise<StoredImage> {
  const { store } = fetching;
  const where = `${reference.archive ? "oci-archive" : "oci"}:${reference.path}`;
  const layout = await Layout.open(folder, where);
  const top = chooseEntry(layout.index, reference, platformOfThisMachine(), where);
  const repoTag = repoTagOfEntry(top, reference);
  const { registry, repository } = parseRegistryReference(repoTag);
  const { bytes, manifest } = await manifestBelow(layout, top);
  const verification = await verifyOciImage(fetching, shelfOf(layout), {
    registry,
    repository,
    reference: repoTag,
    digests: [top.digest, digestOf(bytes)],
  });
  const configuration = await layout.smallBlob(manifest.config, LARGEST_CONFIGURATION);
  readConfiguration(configuration, where);
  for (const layer of manifest.layers) {
    if (!(await store.hasBlob(layer.digest))) await store.addBlob(layer.digest, await layout.blob(layer));
  }
  await store.addBlob(manifest.config.digest, Readable.from([configuration]));
  return await store.importOci(bytes, {
    repoTag,
    repoDigest: `${registry}/${repository}@${top.digest}`,
    latest: repoTag.endsWith(":latest"),
    verification,
  });
}

async function manifestBelow(
  layout: Layout,
  top: LayoutEntry,
): Promise<{ readonly bytes: Buffer; readonly manifest: OciManifest }> {
  const { where } = layout;
  let bytes = await layout.smallBlob(top, LARGEST_MANIFEST);
  let document = readImageDocument(bytes, top.mediaType, where);
  if (document.kind === "index") {
    const entry = entryFor(platformOfThisMachine(), document.index, where);
    bytes = await layout.smallBlob(entry, LARGEST_MANIFEST);
    document = readImageDocument(bytes, entry.mediaType, where);
  }
  if (document.kind === "index")
    throw new Fault({ what: "an index within an index is not supported", where });
  refuseWhatIsNoImage(document.manifest, where);
  return { bytes, manifest: document.manifest };
}

/** cosign keeps its signatures in a layout as it does in a registry: under a name made of the digest. */
function shelfOf(layout: Layout): SignatureShelf {
  return {
    where: layout.where,
    async manifest(reference) {
      const entry = layout.index.manifests.find(
        (one) => nameOf(one) === reference || one.digest === reference,
      );
      if (entry === undefined) return undefined;
      return { bytes: await layout.smallBlob(entry, LARGEST_MANIFEST), mediaType: entry.mediaType };
    },
    /** They lie in the one index that a layout has; each says itself which image it is about. */
    referrers() {
      const manifests = layout.index.manifests.filter(({ artifactType }) => artifactType);
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
      const mediaType = "application/vnd.oci.image.index.v1+json";
      return Promise.resolve(manifests.length === 0 ? undefined : { bytes, mediaType });
    },
    smallBlob: (descriptor, largest) => layout.smallBlob(descriptor, largest),
  };
}
