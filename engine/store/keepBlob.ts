import { createHash } from "node:crypto";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { Fault } from "../../errors/fault.ts";
import { diskFault } from "../../errors/diskFault.ts";

/** Writes bytes to a file and refuses them unless they have this digest. */
export async function keepBlob(digest: string, content: Readable, path: string): Promise<void> {
  const hash = createHash("sha256");
  try {
    const descriptor = openSync(path, "wx", 0o660);
    try {
      for await (const piece of content) {
        const bytes = piece instanceof Uint8Array ? piece : Buffer.from(String(piece));
        hash.update(bytes);
        for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
      }
    } finally {
      closeSync(descriptor);
    }
    const got = `sha256:${hash.digest("hex")}`;
    if (got !== digest) {
      throw new Fault({
        what: "the bytes that came are not those that were asked for",
        got,
        allowed: digest,
      });
    }
  } catch (error) {
    rmSync(path, { force: true });
    throw diskFault(error);
  }
}
