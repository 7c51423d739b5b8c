import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { diskFault } from "../../errors/diskFault.ts";
import { parseImageManifest } from "../appc/parseImageManifest.ts";
import type { ImageManifest } from "../appc/imageManifest.ts";
import { AciLayout } from "../images/aci/AciLayout.ts";
import { decompress } from "../images/compression.ts";
import { TarReader } from "../images/unpack/TarReader.ts";
import type { ImageId } from "./records.ts";

export interface KeptAci {
  readonly id: ImageId;
  readonly manifestText: string;
  readonly manifest: ImageManifest;
  readonly size: number;
}

/** Writes an ACI's uncompressed bytes to a file, and learns its id and manifest as they pass. */
export async function keepAci(content: Readable, path: string): Promise<KeptAci> {
  const hash = process.getBuiltinModule("node:crypto").createHash("sha512");
  const layout = new AciLayout();
  const reader = new TarReader(layout);
  let size = 0;
  try {
    const descriptor = openSync(path, "wx", 0o660);
    try {
      await decompress(content, (piece) => {
        hash.update(piece);
        size += piece.length;
        for (let at = 0; at < piece.length;) at += writeSync(descriptor, piece, at);
        reader.write(piece);
      });
    } finally {
      closeSync(descriptor);
    }
    reader.end();
    const manifestText = layout.manifest;
    const manifest = parseImageManifest(manifestText);
    return { id: imageIdOf(hash.digest()), manifestText, manifest, size };
  } catch (error) {
    rmSync(path, { force: true });
    throw diskFault(error);
  }
}

/** rkt's: half of a SHA-512. */
export function imageIdOf(sha512: Buffer): ImageId {
  return `sha512-${sha512.toString("hex").slice(0, 64)}`;
}
