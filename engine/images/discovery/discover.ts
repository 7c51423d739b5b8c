/**
 * From a name to web addresses: by the simple rule, then by what the pages at the name and above it say. Over HTTPS;
 * over plain HTTP after that, and only where it is allowed.
 */
import type { EngineContext } from "../../context.ts";
import { Fault, messageOf } from "../../../errors/fault.ts";
import { domainCredentials } from "../download/credentials.ts";
import { fetchDocument } from "../download/document.ts";
import { Interruption } from "../download/interruption.ts";
import { defaultPatience, type Patience } from "../download/patience.ts";
import { transportFor, type FetchingOptions } from "../download/fetching.ts";
import { shownUrl } from "../download/shownUrl.ts";
import type { Transport } from "../download/transport.ts";
import { parseName, type NameReference } from "../reference.ts";
import { discoveryTagsIn, type DiscoveryTag } from "./metaTags.ts";
import { endpointOf, simpleTemplate, type AciEndpoint } from "./template.ts";

const LARGEST_PAGE = 1 << 20;

export interface Discovering {
  readonly context: Pick<EngineContext, "configuration" | "report">;
  readonly transport: Transport;
  readonly patience: Patience;
  readonly plainHttp: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The first place that is told; it need not have the image. */
export async function discoverImage(discovering: Discovering, wanted: NameReference): Promise<AciEndpoint> {
  const tried: string[] = [];
  const simple = await simpleEndpoint(discovering, wanted, tried);
  if (simple !== undefined) return simple;
  const found = await walk(discovering, wanted.name, tried, (tags) => {
    const endpoints = tags
      .filter(({ name }) => name === "ac-discovery")
      .map(({ template }) => endpointOf(template, wanted));
    return endpoints.find((endpoint) => endpoint !== undefined && isAllowed(endpoint, discovering));
  });
  if (found !== undefined) return found;
  throw new Fault({ what: "discovery failed", got: tried.join("; ") });
}

/** Where the keys for names of this prefix are, as `rkt trust --prefix` asks. */
export async function discoverKeys(
  context: EngineContext,
  prefix: string,
  allowed: { readonly allowHttp: boolean; readonly skipTlsCheck: boolean },
  options: FetchingOptions = {},
): Promise<readonly string[]> {
  const insecure = { ...context.insecure, http: allowed.allowHttp, tls: allowed.skipTlsCheck };
  const transport = transportFor({ ...context, insecure }, options);
  const patience = options.patience ?? defaultPatience;
  const tried: string[] = [];
  try {
    const discovering = {
      context,
      transport,
      patience,
      plainHttp: allowed.allowHttp,
      signal: options.signal,
    };
    const found = await walk(discovering, parseName(prefix).name, tried, (tags) => {
      const keys = tags.filter(({ name }) => name === "ac-discovery-pubkeys").map(({ template }) => template);
      return keys.length > 0 ? keys : undefined;
    });
    if (found !== undefined) return found;
    throw new Fault({ what: `meta discovery on ${prefix} resulted in no keys`, got: tried.join("; ") });
  } finally {
    transport.close();
  }
}

/** Whether something is there. A page that is sent for whatever is asked is no image. */
async function simpleEndpoint(
  discovering: Discovering,
  wanted: NameReference,
  tried: string[],
): Promise<AciEndpoint | undefined> {
  const endpoint = endpointOf(simpleTemplate, wanted);
  if (endpoint === undefined) return undefined;
  for (const scheme of schemesOf(discovering)) {
    const image = new URL(endpoint.image);
    const signature = new URL(endpoint.signature);
    image.protocol = scheme;
    signature.protocol = scheme;
    const reply = await attempt(discovering, image, "HEAD", tried);
    if (reply === undefined) continue;
    if (/html/.test(reply.headers["content-type"] ?? "")) tried.push(`${shownUrl(image)}: a page`);
    else return { image, signature };
  }
  return undefined;
}

/** Asks at the name and then above it, component by component, until something is found. */
async function walk<T>(
  discovering: Discovering,
  name: string,
  tried: string[],
  choose: (tags: readonly DiscoveryTag[]) => T | undefined,
): Promise<T | undefined> {
  const components = name.split("/");
  for (let count = components.length; count > 0; count -= 1) {
    for (const scheme of schemesOf(discovering)) {
      const url = URL.parse(`${scheme}//${components.slice(0, count).join("/")}?ac-discovery=1`);
      if (url === null) continue;
      const reply = await attempt(discovering, url, "GET", tried);
      if (reply === undefined) continue;
      const tags = discoveryTagsIn(reply.bytes.toString("utf8")).filter(({ prefix }) =>
        name.startsWith(prefix),
      );
      const chosen = choose(tags);
      if (chosen !== undefined) return chosen;
      tried.push(`${shownUrl(url)}: no meta tag for ${name}`);
    }
  }
  return undefined;
}

async function attempt(
  { transport, patience, context, signal }: Discovering,
  url: URL,
  method: "GET" | "HEAD",
  tried: string[],
) {
  const wish = { url, method, credentials: domainCredentials(context.configuration.auth), signal };
  try {
    const once = { ...patience, fruitless: 1 };
    const reply = await fetchDocument(transport, wish, { largest: LARGEST_PAGE, patience: once });
    if (reply.status === 200) return reply;
    tried.push(`${shownUrl(url)}: ${reply.status}`);
  } catch (error) {
    signal?.throwIfAborted();
    // A host that is away or not trusted answers no question about images; the next one may.
    if (!(error instanceof Fault || error instanceof Interruption)) throw error;
    const text = error instanceof Fault ? error.details.what : messageOf(error);
    tried.push(`${shownUrl(url)}: ${text}`);
    context.report.debug(`discovery: ${shownUrl(url)}: ${messageOf(error)}`);
  }
  return undefined;
}

function schemesOf({ plainHttp }: Discovering): readonly string[] {
  return plainHttp ? ["https:", "http:"] : ["https:"];
}

/** A page that came by TLS may still point to where there is none. */
function isAllowed({ image, signature }: AciEndpoint, { plainHttp }: Discovering): boolean {
  return plainHttp || (image.protocol === "https:" && signature.protocol === "https:");
}
