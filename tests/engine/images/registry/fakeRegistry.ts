/** A registry on loopback that speaks the distribution protocol, honestly unless a test says otherwise. */
import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { archiveOf } from "../unpack/archive.ts";
import { answers, serves, WebServer, type Answer, type Identity } from "../serving.ts";

export const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  docker: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface PushedImage {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly config: Blob;
  readonly layers: readonly Blob[];
}

export interface TokenRules {
  readonly user?: string;
  readonly password?: string;
  /** After so many requests a token has run out. */
  readonly lastsFor?: number;
}

export class FakeRegistry {
  readonly blobs = new Map<string, Buffer>();
  /** By `repository/tag` and `repository/digest`. */
  readonly manifests = new Map<string, { readonly bytes: Buffer; readonly type: string }>();
  /** Where blobs really are, if not here. */
  blobStore: string | undefined;
  tokens: TokenRules | undefined;
  basic: { readonly user: string; readonly password: string } | undefined;
  readonly #tokensLeft = new Map<string, number>();
  readonly #instead = new Map<string, Answer[]>();
  #server: WebServer | undefined;

  static async start(identity?: Identity): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    registry.#server = await WebServer.start((request, response) => {
      registry.#answer(request)(request, response);
    }, identity);
    return registry;
  }

  get server(): WebServer {
    if (this.#server === undefined) throw new Error("the registry was not started");
    return this.#server;
  }

  /** What the next requests for a path with this ending get, one each. */
  answerInstead(ending: string, ...given: Answer[]): void {
    this.#instead.set(ending, given);
  }

  blob(bytes: Buffer, mediaType: string): Blob {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** An image with a gzipped layer for each content. */
  push(
    name: string,
    contents: readonly (string | Buffer)[] = ["hello"],
    {
      type = types.manifest,
      architecture = architectureHere(),
    }: { type?: string; architecture?: string } = {},
  ): PushedImage {
    const archives = contents.map((content, index) => archiveOf([{ name: `file-${index}`, content }]));
    const layers = archives.map((archive) => this.blob(gzipSync(archive), `${types.layer}+gzip`));
    const configuration = {
      architecture,
      os: "linux",
      config: { Cmd: ["/bin/true"] },
      rootfs: { type: "layers", diff_ids: archives.map(digestOf) },
    };
    const config = this.blob(Buffer.from(JSON.stringify(configuration)), types.config);
    const manifest = { schemaVersion: 2, mediaType: type, config, layers };
    return { ...this.put(name, manifest, type), config, layers };
  }

  /** A manifest of any kind under `repository:tag`. */
  put(name: string, document: unknown, type: string): { digest: string; mediaType: string; size: number } {
    const bytes = Buffer.from(JSON.stringify(document));
    const [repository = "", tag] = name.split(":");
    const digest = digestOf(bytes);
    this.manifests.set(`${repository}/${digest}`, { bytes, type });
    if (tag !== undefined) this.manifests.set(`${repository}/${tag}`, { bytes, type });
    return { digest, mediaType: type, size: bytes.length };
  }

  #answer(request: IncomingMessage): Answer {
    const url = new URL(request.url ?? "", this.server.origin);
    for (const [ending, given] of this.#instead) {
      const next = url.pathname.endsWith(ending) ? given.shift() : undefined;
      if (next !== undefined) return next;
    }
    if (url.pathname === "/token") return this.#token(url, request.headers.authorization);
    const [, repository, kind, reference] =
      /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? [];
    if (repository === undefined || reference === undefined) return answers(404);
    const refusal = this.#refusal(request.headers.authorization, repository);
    if (refusal !== undefined) return refusal;
    if (kind === "manifests") {
      const found = this.manifests.get(`${repository}/${reference}`);
      return found === undefined ? answers(404) : answers(200, { "content-type": found.type }, found.bytes);
    }
    if (this.blobStore !== undefined) return answers(307, { location: `${this.blobStore}/${reference}` });
    const bytes = this.blobs.get(reference);
    return bytes === undefined ? answers(404) : serves(bytes);
  }

  #refusal(authorization: string | undefined, repository: string): Answer | undefined {
    if (this.basic !== undefined && authorization !== basicOf(this.basic)) {
      return answers(401, { "www-authenticate": 'Basic realm="a registry"' });
    }
    if (this.tokens === undefined) return undefined;
    const token = authorization?.replace(/^Bearer /, "") ?? "";
    const left = this.#tokensLeft.get(token) ?? 0;
    this.#tokensLeft.set(token, left - 1);
    if (left > 0) return undefined;
    const scope = `repository:${repository}:pull`;
    const realm = `realm="${this.server.origin}/token",service="a, registry",scope="${scope}"`;
    const body = JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] });
    return answers(401, { "www-authenticate": `Bearer ${realm}` }, body);
  }

  #token(url: URL, authorization: string | undefined): Answer {
    const { user, password = "", lastsFor = 1000 } = this.tokens ?? {};
    if (user !== undefined && authorization !== basicOf({ user, password })) return answers(401);
    if (url.searchParams.get("service") !== "a, registry") return answers(400);
    const token = randomUUID();
    this.#tokensLeft.set(token, lastsFor);
    return answers(200, {}, JSON.stringify({ token, expires_in: 60 }));
  }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function architectureHere(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

function basicOf({ user, password }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
