import { readFileSync } from "node:fs";
import { hasCode } from "../../errors/diskFault.ts";
import { replaceFileSync } from "../wholeFiles.ts";
import { parseObject } from "./imageRecords.ts";
import type { RemoteRecord } from "./records.ts";
import { isImageId } from "./storeFolders.ts";
import type { StoreFolders } from "./storeFolders.ts";

/** One that cannot be read is as good as none: the image is asked for anew. */
export function readRemote(folders: StoreFolders, url: string): RemoteRecord | undefined {
  try {
    const value = parseObject(readFileSync(folders.remote(url), "utf8"));
    return value === undefined || value["url"] !== url ? undefined : remoteFrom(value, url);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

export function writeRemote(folders: StoreFolders, record: RemoteRecord): void {
  replaceFileSync(folders.remote(record.url), `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o660 });
}

/** The image that a file of the remotes' folder speaks of. */
export function imageOfRemote(text: string): string | undefined {
  const id = parseObject(text)?.["id"];
  return typeof id === "string" ? id : undefined;
}

function remoteFrom(value: Record<string, unknown>, url: string): RemoteRecord | undefined {
  const { signatureUrl, etag, maxAgeSeconds, downloadTime, id } = value;
  if (typeof downloadTime !== "string" || typeof id !== "string" || !isImageId(id)) return undefined;
  return {
    url,
    downloadTime,
    id,
    ...(typeof signatureUrl === "string" && { signatureUrl }),
    ...(typeof etag === "string" && { etag }),
    ...(typeof maxAgeSeconds === "number" && { maxAgeSeconds }),
  };
}
