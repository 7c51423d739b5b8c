/** Checksums of files, remembered for as long as a file's inode, size and times stay what they were. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { digestOfFile, type Algorithm } from "../../files/digest.ts";
import { writeWhole, type Cache } from "./cache.ts";

export interface Measured {
  readonly digest: string;
  readonly size: number;
}

/** A file written this shortly ago may be written again within the same tick of its clock. */
const SETTLED_AFTER = 2_000_000_000n;

export async function measure(cache: Cache, path: string, algorithm: Algorithm): Promise<Measured> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const identity = [path, dev, ino, size, mtimeNs, ctimeNs].join("\n");
  const entry = join(cache.digests, `${createHash("sha256").update(path).digest("hex")}.${algorithm}`);
  const known = await readKnown(entry, identity);
  if (known !== undefined) return { digest: known, size: Number(size) };
  const digest = await digestOfFile(path, algorithm);
  if (BigInt(Date.now()) * 1_000_000n - ctimeNs > SETTLED_AFTER)
    await writeWhole(entry, `${digest}\n${identity}`);
  return { digest, size: Number(size) };
}

async function readKnown(entry: string, identity: string): Promise<string | undefined> {
  const text = await readFile(entry, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return "";
    throw error;
  });
  const end = text.indexOf("\n");
  return end > 0 && text.slice(end + 1) === identity ? text.slice(0, end) : undefined;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

/** The beginning of a checksum, by which people tell two apart. */
export function short(digest: string): string {
  return digest.slice(0, 12);
}
