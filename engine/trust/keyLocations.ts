import { readFile } from "node:fs/promises";
import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import { fileURLToPath } from "node:url";
import { Fault, messageOf } from "../../errors/fault.ts";

/** How far a key may come by ways on which it can be replaced. */
export interface KeyTransport {
  readonly allowHttp: boolean;
  readonly skipTlsCheck: boolean;
}

/** The bytes of a key file at a path or a URL. */
export async function readKeyLocation(location: string, transport: KeyTransport): Promise<Uint8Array> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(location)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return readKeyFile(location);
    case "file":
      return readKeyFile(fileURLToPath(location));
    case "http":
    case "https":
      return download(new URL(location), transport, 0);
    default:
      throw new Fault({ what: "only local files and http or https URLs supported", got: location });
  }
}

async function readKeyFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new Fault({ what: `open ${path}: no such file or directory` });
    }
    throw new Fault({ what: `open ${path}: ${messageOf(error)}` });
  }
}

const mostBytes = 1 << 20;
const mostRedirects = 10;
const patience = 120_000;

async function download(url: URL, transport: KeyTransport, redirects: number): Promise<Uint8Array> {
  if (url.protocol === "http:" && !transport.allowHttp) {
    throw new Fault({ what: "--insecure-allow-http required for http URLs", got: url.href });
  }
  if (redirects > mostRedirects)
    throw new Fault({ what: "error getting key: too many redirects", got: url.href });
  const response = await request(url, transport);
  const { statusCode = 0, headers } = response;
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
    response.resume();
    return download(new URL(headers.location, url), transport, redirects + 1);
  }
  if (statusCode !== 200) {
    response.resume();
    throw new Fault({ what: `bad HTTP status code: ${statusCode}`, got: url.href });
  }
  return body(response, url);
}

function request(url: URL, transport: KeyTransport): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => {
      reject(new Fault({ what: `error getting key: ${cause.message}`, got: url.href }));
    };
    const options = { signal: AbortSignal.timeout(patience) };
    const sent =
      url.protocol === "https:"
        ? getHttps(url, { ...options, rejectUnauthorized: !transport.skipTlsCheck }, resolve)
        : getHttp(url, options, resolve);
    sent.on("error", failed);
  });
}

async function body(response: AsyncIterable<Buffer>, url: URL): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > mostBytes) break;
    }
  } catch (cause) {
    throw new Fault({ what: `error copying key: ${messageOf(cause)}`, got: url.href });
  }
  if (length > mostBytes) {
    throw new Fault({
      what: "error copying key: too large for a key",
      got: url.href,
      allowed: `${mostBytes} bytes`,
    });
  }
  return Buffer.concat(chunks);
}
