/** An image from a registry: its manifest first, then by whose word it may come in, then its layers. */
import { Readable } from "node:stream";
import { Fault, messageOf } from "../../../errors/fault.ts";
import type { StoredImage } from "../../store/records.ts";
import { nothingFetched, type Fetching, type PullPolicy } from "../download/fetching.ts";
import { NoTls } from "../download/failure.ts";
import { Interruption } from "../download/interruption.ts";
import { storedRegistryImage } from "../download/remembered.ts";
import {
  LARGEST_CONFIGURATION,
  readConfiguration,
  readImageDocument,
  refuseWhatIsNoImage,
  type OciConfiguration,
  type OciManifest,
} from "../oci/documents.ts";
import { entryFor, platformOfThisMachine } from "../oci/platform.ts";
import { canonicalRegistry, showRegistryReference, type RegistryReference } from "../reference.ts";
import { fetchLayers } from "./fetchLayers.ts";
import { endpointsFor, type RegistryEndpoint } from "./mirrors.ts";
import { asFault, RegistryClient, type FetchedManifest } from "./RegistryClient.ts";
import { credentialsFor } from "./registryCredentials.ts";
import { verifyOciImage } from "./verifyOciImage.ts";

export async function fetchFromRegistry(
  fetching: Fetching,
  reference: RegistryReference,
  policy: PullPolicy,
): Promise<StoredImage> {
  const { store } = fetching;
  const shown = showRegistryReference(reference);
  const known = policy === "update" ? undefined : await storedRegistryImage(store, reference);
  if (known !== undefined) return known;
  if (policy === "never") throw nothingFetched("docker image from URL", shown);
  const { client, top } = await findManifest(fetching, reference);
  try {
    return await bringIn(fetching, client, reference, top);
  } catch (error) {
    throw asFault(error, client.base.host, `fetching ${shown}`);
  }
}

async function bringIn(
  fetching: Fetching,
  client: RegistryClient,
  reference: RegistryReference,
  top: FetchedManifest,
): Promise<StoredImage> {
  const { store } = fetching;
  const shown = showRegistryReference(reference);
  const { registry, repository, tag, digest } = reference;
  const { chosen, manifest } = await chooseImage(client, top, shown);
  const shelf = {
    where: client.base.host,
    manifest: (name: string) => client.manifest(name),
    referrers: (attachedTo: string) => client.referrers(attachedTo),
    smallBlob: client.smallBlob.bind(client),
  };
  const verification = await verifyOciImage(fetching, shelf, {
    registry,
    repository,
    reference: shown.replace(/^docker:\/\//, ""),
    digests: [top.digest, chosen.digest],
  });
  const configuration = await client.smallBlob(manifest.config, LARGEST_CONFIGURATION);
  warnOfForeignPlatform(fetching, readConfiguration(configuration, shown), shown);
  await fetchLayers(fetching, client, manifest);
  await store.addBlob(manifest.config.digest, Readable.from([configuration]));
  const name = `${registry}/${repository}`;
  const image = await store.importOci(chosen.bytes, {
    // A digest says what the image is; that a tag beside it means the same is nothing anybody has checked.
    repoTag: digest === undefined ? `${name}:${tag ?? "latest"}` : `${name}@${digest}`,
    repoDigest: `${name}@${top.digest}`,
    latest: digest === undefined && (tag ?? "latest") === "latest",
    verification,
  });
  await store.rememberRemote({
    url: shown,
    etag: top.digest,
    downloadTime: new Date().toISOString(),
    id: image.record.id,
  });
  return image;
}

/** From the first endpoint that has it. */
async function findManifest(
  fetching: Fetching,
  reference: RegistryReference,
): Promise<{ readonly client: RegistryClient; readonly top: FetchedManifest }> {
  const { context, mirrors } = fetching;
  const shown = showRegistryReference(reference);
  const endpoints = endpointsFor(reference, mirrors, context.insecure.http);
  const troubles: unknown[] = [];
  for (const endpoint of endpoints) {
    try {
      const found = await askEndpoint(fetching, endpoint, reference);
      if (found !== undefined) return found;
      troubles.push(notThere(shown, endpoint.host));
    } catch (error) {
      fetching.signal?.throwIfAborted();
      troubles.push(asFault(error, endpoint.host, `asking for ${shown}`));
    }
  }
  if (troubles.length === 1) throw troubles[0];
  throw new Fault({
    what: `no mirror has ${shown}\n${troubles.map((trouble) => `- ${messageOf(trouble)}`).join("\n")}`,
  });
}

/** Over TLS if the registry speaks it, in the clear only where that is allowed. */
async function askEndpoint(
  fetching: Fetching,
  { host, repository, schemes }: RegistryEndpoint,
  { registry, tag, digest }: RegistryReference,
): Promise<{ readonly client: RegistryClient; readonly top: FetchedManifest } | undefined> {
  const { transport, patience, context, signal } = fetching;
  // What somebody gave for a registry is not for its mirror.
  const given = canonicalRegistry(host) === registry ? fetching.registryCredentials : undefined;
  const credentials = given ?? credentialsFor(host, context.configuration.dockerAuth);
  for (const [index, scheme] of schemes.entries()) {
    const isLast = index === schemes.length - 1;
    const client = new RegistryClient(new URL(`${scheme}//${host}`), repository, {
      transport,
      patience: isLast ? patience : { ...patience, fruitless: 1 },
      credentials,
      signal,
    });
    try {
      const top = await client.manifest(digest ?? tag ?? "latest");
      return top === undefined ? undefined : { client, top };
    } catch (error) {
      signal?.throwIfAborted();
      // Whoever speaks TLS is not spoken to without it, whatever it answered.
      if (isLast || !(error instanceof Interruption || error instanceof NoTls)) throw error;
      context.report.debug(`registry ${host}: ${messageOf(error)}; trying plain HTTP, which is allowed`);
    }
  }
  return undefined;
}

interface ChosenImage {
  readonly chosen: FetchedManifest;
  readonly manifest: OciManifest;
}

async function chooseImage(
  client: RegistryClient,
  top: FetchedManifest,
  shown: string,
): Promise<ChosenImage> {
  const document = readImageDocument(top.bytes, top.mediaType, shown);
  if (document.kind === "manifest") {
    refuseWhatIsNoImage(document.manifest, shown);
    return { chosen: top, manifest: document.manifest };
  }
  const entry = entryFor(platformOfThisMachine(), document.index, shown);
  const chosen = await client.manifest(entry.digest);
  if (chosen === undefined) throw notThere(`${shown} (${entry.digest})`, client.base.host);
  const below = readImageDocument(chosen.bytes, entry.mediaType, shown);
  if (below.kind === "index")
    throw new Fault({ what: "an index within an index is not supported", where: shown });
  refuseWhatIsNoImage(below.manifest, shown);
  return { chosen, manifest: below.manifest };
}

function warnOfForeignPlatform(
  { context }: Fetching,
  { os, architecture }: OciConfiguration,
  shown: string,
): void {
  const machine = platformOfThisMachine();
  if (os === machine.os && (architecture === "" || architecture === machine.architecture)) return;
  context.report.warn(`${shown} is made for ${os}/${architecture} and may not run here`);
}

function notThere(shown: string, host: string): Fault {
  return new Fault({
    what: `${shown} is not there`,
    got: `404 from ${host}`,
    remedy:
      "look for a mistake in the name or the tag; a registry may also hide what it wants credentials for",
  });
}
