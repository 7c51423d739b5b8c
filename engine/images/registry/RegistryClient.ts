/** The distribution API of one registry, for one repository: reading only. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { Fault } from "../../../errors/fault.ts";
import { fetchDocument, type SmallReply } from "../download/document.ts";
import { download } from "../download/download.ts";
import { Interruption } from "../download/interruption.ts";
import type { Part } from "../download/part.ts";
import { firstSchemaTypes, imageIndexTypes, imageManifestTypes } from "../oci/mediaTypes.ts";
import { LARGEST_MANIFEST, type Descriptor } from "../oci/documents.ts";
import { Authorizer, type Access } from "./Authorizer.ts";

export interface FetchedManifest {
  readonly bytes: Buffer;
  /** Of the bytes, whatever the registry says. */
  readonly digest: string;
  readonly mediaType: string | undefined;
}

// The first schema last, so that a registry sends it only when it has nothing else, and can be refused with a reason.
const accepted = [
  ...imageManifestTypes,
  ...imageIndexTypes,
  ...firstSchemaTypes.map((type) => `${type};q=0.1`),
].join(", ");
/** Tokens run out during long downloads; one that is refused at once will not get better. */
const MOST_REFUSALS = 2;

export class RegistryClient {
  readonly base: URL;
  readonly repository: string;
  readonly #access: Access;
  readonly #authorizer: Authorizer;

  constructor(base: URL, repository: string, access: Access) {
    this.base = base;
    this.repository = repository;
    this.#access = access;
    this.#authorizer = new Authorizer(base, repository, access);
  }

  /** By tag or digest; undefined where the registry has none. The bytes of a digest are what it says, or refused. */
  async manifest(reference: string): Promise<FetchedManifest | undefined> {
    const reply = await this.#document(`manifests/${reference}`, LARGEST_MANIFEST, { accept: accepted });
    if (reply.status === 404) return undefined;
    if (reply.status !== 200) throw this.#refusal("the manifest", reply);
    const digest = digestOf(reply.bytes);
    if (reference.startsWith("sha256:") && reference !== digest)
      throw this.#wrongBytes("manifest", digest, reference);
    const mediaType = reply.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
    return { bytes: reply.bytes, digest, mediaType: mediaType === "" ? undefined : mediaType };
  }

  /** The index of what was attached to a manifest; undefined where the registry has no such thing. */
  async referrers(digest: string): Promise<Omit<FetchedManifest, "digest"> | undefined> {
    const [mediaType] = imageIndexTypes;
    const reply = await this.#document(`referrers/${digest}`, LARGEST_MANIFEST, { accept: mediaType });
    if (reply.status === 401 || reply.status === 403) throw this.#refusal("what is attached", reply);
    // Some answer every path, with a page or with an error of their own.
    const isIndex = reply.headers["content-type"]?.startsWith(mediaType) === true;
    return reply.status === 200 && isIndex ? { bytes: reply.bytes, mediaType } : undefined;
  }

  /** A small blob, verified. */
  async smallBlob({ digest, size }: Descriptor, largest: number): Promise<Buffer> {
    if (size > largest) {
      throw new Fault({
        what: `a blob of ${size} bytes is too large for what it is`,
        allowed: `${largest} bytes`,
        got: digest,
      });
    }
    const reply = await this.#document(`blobs/${digest}`, size, {});
    if (reply.status !== 200) throw this.#refusal(`blob ${digest}`, reply);
    const got = digestOf(reply.bytes);
    if (got !== digest) throw this.#wrongBytes("blob", got, digest);
    return reply.bytes;
  }

  /** A blob's bytes into a part, as many as announced; whoever takes them in checks their digest. */
  async blob({ digest, size }: Descriptor, part: Part, progress: (text: string) => void): Promise<void> {
    const { transport, patience, signal } = this.#access;
    for (let refusals = 0; ;) {
      const before = part.size;
      const used = this.#authorizer.authorization;
      const wish = { url: this.#url(`blobs/${digest}`), credentials: () => proofOf(used), signal };
      const reply = await download(transport, wish, part, {
        patience,
        largest: size,
        size,
        knownByDigest: true,
        label: digest.slice("sha256:".length, "sha256:".length + 12),
        progress,
      });
      if (reply.status === 200) return;
      refusals = part.size > before ? 1 : refusals + 1;
      if (reply.status !== 401 || refusals > MOST_REFUSALS) throw this.#refusal(`blob ${digest}`, reply);
      await this.#authorizer.meet(reply.headers["www-authenticate"], used);
    }
  }

  async #document(path: string, largest: number, headers: Record<string, string>): Promise<SmallReply> {
    const { transport, patience, signal } = this.#access;
    const url = this.#url(path);
    for (let refusals = 0; ; refusals += 1) {
      const used = this.#authorizer.authorization;
      const wish = { url, headers, credentials: () => proofOf(used), signal };
      // A refusal may say more than a small blob has bytes.
      const reply = await fetchDocument(transport, wish, { largest: Math.max(largest, 64 << 10), patience });
      if (reply.status !== 401 || refusals >= MOST_REFUSALS) return reply;
      await this.#authorizer.meet(reply.headers["www-authenticate"], used);
    }
  }

  #url(path: string): URL {
    return new URL(`/v2/${this.repository}/${path}`, this.base);
  }

  #wrongBytes(kind: string, got: string, allowed: string): Fault {
    return new Fault({
      what: `the registry ${this.base.host} sent another ${kind} than was asked for`,
      got,
      allowed,
      remedy: "the registry or something on the way to it is broken, or lies",
    });
  }

  #refusal(what: string, reply: { readonly status: number; readonly bytes?: Buffer }): Fault {
    const said = reply.bytes === undefined ? "" : errorsIn(reply.bytes);
    return new Fault({
      what: `the registry ${this.base.host} refuses ${what} of ${this.repository}`,
      got: said === "" ? String(reply.status) : `${reply.status}: ${said}`,
      ...((reply.status === 401 || reply.status === 403) && {
        remedy: `give credentials for "${this.base.host}" in a file of kind "dockerAuth" in auth.d of the configuration`,
      }),
    });
  }
}

/** Turns what was tried in vain into what a person can use. */
export function asFault(error: unknown, registry: string, step: string): unknown {
  if (!(error instanceof Interruption)) return error;
  return new Fault({
    what: `the registry ${registry} cannot be reached`,
    where: step,
    cause: error,
    remedy:
      "see that it runs and that this host can reach it (HTTPS_PROXY?), then run it again: what came is kept",
  });
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function proofOf(authorization: string | undefined): Record<string, string> {
  return authorization === undefined ? {} : { authorization };
}

const errorsSchema = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().default("") })),
});

/** The registry's own words, without what a terminal would obey. */
function errorsIn(bytes: Buffer): string {
  try {
    const { errors } = errorsSchema.parse(JSON.parse(bytes.toString("utf8")));
    const words = errors
      .map(({ code, message }) => (message === "" ? code : `${code}, ${message}`))
      .join("; ");
    return words.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 300);
  } catch {
    return "";
  }
}
