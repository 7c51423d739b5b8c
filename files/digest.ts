/** The checksum of a file, read as a stream: files may be larger than what fits into memory. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

export type Algorithm = "sha256" | "sha512";

const CHUNK = 1 << 20;

/** In hexadecimal digits. */
export async function digestOfFile(path: string, algorithm: Algorithm = "sha256"): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path, { highWaterMark: CHUNK }), hash);
  return hash.digest("hex");
}
