/** Pushes images of an OCI layout to a registry by the distribution API: plain http, no credentials. */
import { openAsBlob } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault, messageOf } from "../../errors/fault.ts";
import { indexSchema, manifestSchema, type Descriptor } from "./oci.ts";

export interface Target {
  /** As in http://10.77.0.1:5000. */
  readonly server: string;
  readonly repository: string;
  readonly tag: string;
  /** A repository of that server that may have the blobs already, so that they need not travel again. */
  readonly mountFrom?: string;
}

/** Pushes what the registry lacks; gives the manifest's digest. */
export async function pushImage(
  layout: string,
  name: string,
  target: Target,
  signal?: AbortSignal,
): Promise<string> {
  const index = indexSchema.parse(JSON.parse(await readFile(join(layout, "index.json"), "utf8")));
  const entry = index.manifests.find(
    ({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === name,
  );
  if (entry === undefined) throw new Fault({ what: `no image "${name}"`, where: layout });
  const text = await readFile(blobFile(layout, entry), "utf8");
  const manifest = manifestSchema.parse(JSON.parse(text));
  for (const blob of [manifest.config, ...manifest.layers]) await pushBlob(layout, blob, target, signal);
  const reply = await request(`${repositoryUrl(target)}/manifests/${target.tag}`, {
    method: "PUT",
    headers: { "content-type": entry.mediaType },
    body: text,
    signal,
  });
  if (reply.status !== 201) throw await refusal(reply, `manifest of ${target.repository}:${target.tag}`);
  return entry.digest;
}

async function pushBlob(
  layout: string,
  blob: Descriptor,
  target: Target,
  signal?: AbortSignal,
): Promise<void> {
  const known = await request(`${repositoryUrl(target)}/blobs/${blob.digest}`, { method: "HEAD", signal });
  if (known.status === 200) return;
  const mount =
    target.mountFrom === undefined
      ? ""
      : `?${new URLSearchParams({ mount: blob.digest, from: target.mountFrom }).toString()}`;
  const begun = await request(`${repositoryUrl(target)}/blobs/uploads/${mount}`, { method: "POST", signal });
  if (begun.status === 201) return;
  const location = begun.headers.get("location");
  if (begun.status !== 202 || location === null) throw await refusal(begun, `upload to ${target.repository}`);
  const place = new URL(location, target.server);
  place.searchParams.set("digest", blob.digest);
  const reply = await request(place.href, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: await openAsBlob(blobFile(layout, blob)),
    signal,
  });
  if (reply.status !== 201) throw await refusal(reply, `blob ${blob.digest}`);
}

interface RequestOptions {
  readonly method: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Blob;
  readonly signal?: AbortSignal | undefined;
}

async function request(url: string, { signal, ...options }: RequestOptions): Promise<Response> {
  try {
    return await fetch(url, { ...options, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    // fetch says only "fetch failed"; what really happened is in its cause.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new Fault({ what: "the registry does not answer", where: url, cause: messageOf(cause) });
  }
}

async function refusal(reply: Response, where: string): Promise<Fault> {
  return new Fault({
    what: "the registry refuses an upload",
    where,
    got: `${reply.status} ${reply.statusText}`,
    cause: (await reply.text()).slice(0, 500),
  });
}

function repositoryUrl(target: Target): string {
  return `${target.server}/v2/${target.repository}`;
}

function blobFile(layout: string, blob: Descriptor): string {
  return join(layout, "blobs", "sha256", blob.digest.slice("sha256:".length));
}
