/** What lies beside an image in its registry, for whoever verifies it. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { hasCode } from "../../../errors/diskFault.ts";
import { Fault } from "../../../errors/fault.ts";
import type { OciSignatureSource } from "../../trust/trustStore.ts";
import { fetchDocument } from "../download/document.ts";
import type { Fetching } from "../download/fetching.ts";
import { shownUrl } from "../download/shownUrl.ts";
import { readImageDocument, type Descriptor } from "../oci/documents.ts";

const LARGEST_SIGNATURE = 1 << 20;
/** Whoever can push could otherwise keep every host busy with signatures. */
const MOST_SIGNATURES = 100;
/** Of what is attached to an image, as many manifests are looked at: others than signatures may be among them. */
const MOST_ATTACHED = 300;
const cosignPayload = "application/vnd.dev.cosign.simplesigning.v1+json";
const sigstoreBundle = /^application\/vnd\.dev\.sigstore\.bundle/;

/** The parts of a registry or a layout that signatures are read from. */
export interface SignatureShelf {
  readonly where: string;
  /** The bytes of a manifest by its tag or digest; undefined if there is none. */
  manifest(
    reference: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string | undefined } | undefined>;
  /** The index of what was attached to a manifest; undefined where the registry does not know how to tell. */
  referrers(
    digest: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string | undefined } | undefined>;
  /** Verified bytes. */
  smallBlob(descriptor: Descriptor, largest: number): Promise<Uint8Array>;
}

export function signaturesOf(
  shelf: SignatureShelf,
  repository: string,
  manifestDigest: string,
  fetching: Pick<Fetching, "transport" | "patience" | "signal">,
): OciSignatureSource {
  const hex = manifestDigest.slice("sha256:".length);
  return {
    async cosign() {
      const found = await shelf.manifest(`sha256-${hex}.sig`);
      if (found === undefined) return [];
      const document = readImageDocument(found.bytes, found.mediaType, `signatures at ${shelf.where}`);
      if (document.kind === "index") return [];
      const payloads = document.manifest.layers.filter(({ mediaType }) => mediaType === cosignPayload);
      if (payloads.length > MOST_SIGNATURES) throw tooMany(shelf.where);
      const signatures = [];
      for (const descriptor of payloads) {
        const payload = await shelf.smallBlob(descriptor, LARGEST_SIGNATURE);
        signatures.push({ payload, annotations: descriptor.annotations ?? {} });
      }
      return signatures;
    },
    async bundles() {
      // Registries that cannot tell what is attached have the list as a manifest of that name, kept by whoever attaches.
      const found = (await shelf.referrers(manifestDigest)) ?? (await shelf.manifest(`sha256-${hex}`));
      if (found === undefined) return [];
      const where = `what is attached at ${shelf.where}`;
      const document = readImageDocument(found.bytes, found.mediaType, where);
      if (document.kind !== "index") return [];
      const bundles: Uint8Array[] = [];
      // Registries write the config's type in the place of the artifact's, so it excludes only what is surely another.
      const attached = document.index.manifests.filter(
        ({ artifactType }) =>
          !artifactType || sigstoreBundle.test(artifactType) || /empty/.test(artifactType),
      );
      if (attached.length > MOST_ATTACHED) throw tooMany(shelf.where);
      for (const { digest } of attached) {
        const bundle = await bundleOf(shelf, digest, where);
        if (bundle !== undefined) bundles.push(bundle);
        if (bundles.length > MOST_SIGNATURES) throw tooMany(shelf.where);
      }
      return bundles;
    },
    async simpleSigning(lookaside) {
      const base = lookasideUrl(lookaside);
      const signatures: Uint8Array[] = [];
      for (let count = 1; count <= MOST_SIGNATURES; count += 1) {
        const url = new URL(base);
        url.pathname = `${base.pathname.replace(/\/+$/, "")}/${repository}@sha256=${hex}/signature-${count}`;
        const signature = await lookUp(url, fetching);
        if (signature === undefined) return signatures;
        signatures.push(signature);
      }
      throw tooMany(shownUrl(base));
    },
  };
}

async function bundleOf(
  shelf: SignatureShelf,
  digest: string,
  where: string,
): Promise<Uint8Array | undefined> {
  const found = await shelf.manifest(digest);
  if (found === undefined) return undefined;
  const document = readImageDocument(found.bytes, found.mediaType, where);
  if (document.kind === "index") return undefined;
  const layer = document.manifest.layers.find(({ mediaType }) => sigstoreBundle.test(mediaType));
  return layer === undefined ? undefined : await shelf.smallBlob(layer, LARGEST_SIGNATURE);
}

function lookasideUrl(lookaside: string): URL {
  const url = lookaside.startsWith("/") ? new URL(`file://${lookaside}`) : URL.parse(lookaside);
  if (url !== null && /^(https?|file):$/.test(url.protocol)) return url;
  throw new Fault({
    what: "the place of signatures is none",
    got: lookaside,
    allowed: "an absolute path, or a URL with https, http or file",
  });
}

async function lookUp(
  url: URL,
  { transport, patience, signal }: Pick<Fetching, "transport" | "patience" | "signal">,
): Promise<Uint8Array | undefined> {
  if (url.protocol === "file:") {
    try {
      return await readFile(fileURLToPath(url));
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
      throw error;
    }
  }
  const { status, bytes } = await fetchDocument(
    transport,
    { url, signal },
    { largest: LARGEST_SIGNATURE, patience },
  );
  if (status === 404) return undefined;
  if (status === 200) return bytes;
  throw new Fault({ what: "the place of signatures gave none", got: `${status} from ${shownUrl(url)}` });
}

function tooMany(where: string): Fault {
  return new Fault({ what: `more than ${MOST_SIGNATURES} signatures for one image`, where });
}
