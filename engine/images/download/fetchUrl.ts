/** An ACI on a web server, with its signature beside it. */
import { createHash } from "node:crypto";
import { Fault } from "../../../errors/fault.ts";
import type { StoredImage } from "../../store/records.ts";
import type { NameReference } from "../reference.ts";
import { domainCredentials } from "./credentials.ts";
import { fetchDocument } from "./document.ts";
import { download, type Downloaded } from "./download.ts";
import { LARGEST_SIGNATURE, readSignature, signatureBeside } from "./fetchFile.ts";
import { nothingFetched, warnOfInsecurity, type Fetching, type PullPolicy } from "./fetching.ts";
import { maxAgeOf } from "./freshness.ts";
import { Part } from "./part.ts";
import { isVerifiedEnough, rememberedImage } from "./remembered.ts";
import { shownUrl } from "./shownUrl.ts";
import { verifyAndImport } from "./verifiedImport.ts";

export interface AciAtUrl {
  readonly url: URL;
  /** A file instead of what lies beside the image. */
  readonly signaturePath?: string | undefined;
  readonly signatureUrl?: URL;
  readonly latest: boolean;
  readonly expected?: NameReference;
}

/** Far above any honest image, below what fills most disks. */
const LARGEST_IMAGE = 32 * 2 ** 30;

export async function fetchUrl(
  fetching: Fetching,
  wanted: AciAtUrl,
  policy: PullPolicy,
): Promise<StoredImage> {
  const { store, context } = fetching;
  const address = wanted.url.href;
  const remembered = await rememberedImage(store, address);
  if (remembered !== undefined && policy !== "update") return remembered.image;
  if (policy === "never") throw nothingFetched("image from URL", shownUrl(wanted.url));
  const reusable =
    remembered !== undefined && isVerifiedEnough(context, store, remembered.image) ? remembered : undefined;
  if (reusable !== undefined && Date.now() < reusable.freshUntil) return reusable.image;
  warnOfInsecurity(context, wanted.url.protocol === "https:");
  return await fetchAnew(fetching, wanted, reusable);
}

async function fetchAnew(
  fetching: Fetching,
  { url, signaturePath, signatureUrl = besideUrl(url), latest, expected }: AciAtUrl,
  reusable: { readonly image: StoredImage; readonly etag?: string } | undefined,
): Promise<StoredImage> {
  const { store, context, transport, patience, temporary, signal } = fetching;
  const askForSignature = (): Promise<Signature> =>
    context.insecure.image
      ? Promise.resolve({ notAskedFor: "--insecure-options=image" })
      : signaturePath !== undefined
        ? readSignature(signaturePath)
        : fetchSignature(fetching, signatureUrl);
  let signature = await askForSignature();
  const part = await Part.open(temporary, createHash("sha256").update(url.href).digest("hex").slice(0, 40));
  let continuable = true;
  try {
    const { etag } = reusable ?? {};
    const wish = {
      url,
      headers: etag === undefined ? {} : { "if-none-match": etag },
      credentials: domainCredentials(context.configuration.auth),
      signal,
    };
    const downloaded = await download(transport, wish, part, {
      patience,
      largest: LARGEST_IMAGE,
      knownByDigest: false,
      label: "ACI",
      progress: (text) => {
        context.report.progress(text);
      },
    });
    continuable = false;
    const remember = async (image: StoredImage): Promise<StoredImage> => {
      await store.rememberRemote({
        ...factsOf(downloaded, etag),
        url: url.href,
        signatureUrl: signatureUrl.href,
        id: image.record.id,
      });
      return image;
    };
    if (downloaded.status === 304 && reusable !== undefined) return await remember(reusable.image);
    if (downloaded.status !== 200) throw badStatus("the image", downloaded);
    if (signature === "deferred") signature = await askForSignature();
    if (signature === "deferred") {
      throw new Fault({
        what: "error downloading the signature file: server asked to defer the download again",
        got: shownUrl(signatureUrl),
      });
    }
    const image = await verifyAndImport(fetching, {
      content: () => part.read(),
      signature,
      latest,
      ...(expected !== undefined && { expected }),
    });
    return await remember(image);
  } finally {
    await (continuable ? part.leave() : part.remove());
  }
}

type Signature = Uint8Array | { readonly notAskedFor: string } | "deferred";

/** A server may say that the signature comes once the image was fetched. */
async function fetchSignature(
  { transport, patience, context, signal }: Fetching,
  url: URL,
): Promise<Uint8Array | "deferred"> {
  const wish = { url, credentials: domainCredentials(context.configuration.auth), signal };
  const reply = await fetchDocument(transport, wish, { largest: LARGEST_SIGNATURE, patience });
  if (reply.status === 202) {
    context.report.line("image: server requested deferring the signature download");
    return "deferred";
  }
  if (reply.status !== 200) throw badStatus("the signature file", reply);
  return reply.bytes;
}

function badStatus(what: string, { status, url }: { readonly status: number; readonly url: URL }): Fault {
  return new Fault({
    what: `error downloading ${what}: bad HTTP status code: ${status}`,
    got: `${status} from ${shownUrl(url)}`,
    ...((status === 401 || status === 403) && {
      remedy: `give credentials for ${url.host} in a file of kind "auth" in auth.d of the configuration`,
    }),
  });
}

function factsOf({ headers }: Downloaded, etagBefore: string | undefined) {
  const etag = headers.etag ?? etagBefore;
  const maxAgeSeconds = maxAgeOf(headers["cache-control"]);
  return {
    downloadTime: new Date().toISOString(),
    ...(etag !== undefined && { etag }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
  };
}

function besideUrl(url: URL): URL {
  const beside = new URL(url);
  beside.pathname = signatureBeside(url.pathname);
  return beside;
}
