import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { diskFault } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import { fetchDocument } from "../images/download/document.ts";
import { defaultPatience } from "../images/download/patience.ts";
import { shownUrl } from "../images/download/shownUrl.ts";
import { Transport } from "../images/download/transport.ts";

/** How far a key may come by ways on which it can be replaced. */
export interface KeyTransport {
  readonly allowHttp: boolean;
  readonly skipTlsCheck: boolean;
  /** Certificates of authorities, instead of the host's. */
  readonly authorities?: readonly string[] | undefined;
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
      return download(new URL(location), transport);
    default:
      throw new Fault({ what: "only local files and http or https URLs supported", got: location });
  }
}

async function readKeyFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw diskFault(error);
  }
}

const mostBytes = 1 << 20;

async function download(
  url: URL,
  { allowHttp, skipTlsCheck, authorities }: KeyTransport,
): Promise<Uint8Array> {
  if (url.protocol === "http:" && !allowHttp) {
    throw new Fault({ what: "--insecure-allow-http required for http URLs", got: shownUrl(url) });
  }
  const transport = new Transport({
    anyCertificate: skipTlsCheck,
    plainHttp: allowHttp,
    idleMilliseconds: defaultPatience.idleMilliseconds,
    userAgent: "rktnetes",
    ...(authorities !== undefined && { authorities }),
  });
  try {
    const limits = { largest: mostBytes, patience: defaultPatience };
    const { status, bytes } = await fetchDocument(transport, { url }, limits);
    if (status !== 200) throw new Fault({ what: `bad HTTP status code: ${status}`, got: shownUrl(url) });
    return bytes;
  } finally {
    transport.close();
  }
}
