/**
 * The group's members may write to the store: that is how they fetch. So root takes nobody's word in it. Of each image
 * that root itself has brought, and so verified, it keeps record and manifest where only root writes, and goes by these;
 * an image that it has no copy of is fetched again before it runs. The bytes themselves are known by their digests.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { Fault } from "../../errors/fault.ts";
import { hasCode } from "../../errors/diskFault.ts";
import { replaceFileSync } from "../wholeFiles.ts";
import type { ImageId, ImageRecord } from "./records.ts";
import type { StoreFolders } from "./storeFolders.ts";

export interface VouchedCopy {
  readonly record: string;
  readonly manifest: string;
}

/** Root's copy, for root. Whoever else asks goes by what is there for everyone. */
export function readVouched(folders: StoreFolders, id: ImageId): VouchedCopy | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  let text: string;
  try {
    text = readFileSync(folders.vouchedCopy(id), "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  return parsed(text);
}

export function writeVouched(folders: StoreFolders, id: ImageId, { record, manifest }: VouchedCopy): void {
  if (process.geteuid?.() !== 0) return;
  mkdirSync(folders.vouched, { mode: 0o700, recursive: true });
  replaceFileSync(folders.vouchedCopy(id), JSON.stringify({ record, manifest }), {
    mode: 0o600,
    durable: true,
  });
}

export function forgetVouched(folders: StoreFolders, id: ImageId): void {
  if (process.geteuid?.() === 0) rmSync(folders.vouchedCopy(id), { force: true });
}

/** Whether this process may go by what the store says of an image. */
export function isVouched(folders: StoreFolders, id: ImageId): boolean {
  return process.geteuid?.() !== 0 || readVouched(folders, id) !== undefined;
}

export function assertVouched(folders: StoreFolders, { id, name }: ImageRecord): void {
  if (isVouched(folders, id)) return;
  throw new Fault({
    what: `image "${name}" was put into the store by a member of group rkt, and root has not verified it`,
    where: id,
    remedy: "fetch it as root too: rkt fetch IMAGE",
  });
}

function parsed(text: string): VouchedCopy | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    if (!("record" in value) || typeof value.record !== "string") return undefined;
    if (!("manifest" in value) || typeof value.manifest !== "string") return undefined;
    return { record: value.record, manifest: value.manifest };
  } catch {
    return undefined; // as good as none
  }
}
