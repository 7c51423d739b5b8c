import { open } from "node:fs/promises";
import { readSync } from "node:fs";
import type { Readable } from "node:stream";
import { setImmediate as breath } from "node:timers/promises";
import { diskFault } from "../../../errors/diskFault.ts";
import { decompress } from "../compression.ts";
import { TarReader } from "./TarReader.ts";
import type { LayerOptions, TreeWriter } from "./TreeWriter.ts";

const PIECE = 1024 * 1024;

/** Puts a compressed or plain archive over what the tree holds; `seen` is shown every uncompressed piece. */
export async function unpackStream(
  tree: TreeWriter,
  content: Readable,
  options: LayerOptions,
  seen?: (piece: Buffer) => void,
): Promise<void> {
  const reader = begin(tree, options);
  try {
    await decompress(content, (piece) => {
      seen?.(piece);
      reader.write(piece);
    });
    reader.end();
  } catch (error) {
    tree.abandon();
    throw error;
  }
}

/** The same for a plain archive in a file, quicker: no stream, one buffer. */
export async function unpackFile(
  tree: TreeWriter,
  path: string,
  options: LayerOptions,
  seen?: (piece: Buffer) => void,
): Promise<void> {
  const reader = begin(tree, options);
  const file = await open(path, "r").catch((error: unknown) => {
    throw diskFault(error);
  });
  const buffer = Buffer.allocUnsafe(PIECE);
  try {
    for (;;) {
      const length = readSync(file.fd, buffer, 0, PIECE, null);
      if (length === 0) break;
      const piece = buffer.subarray(0, length);
      seen?.(piece);
      reader.write(piece);
      // A server that renders goes on answering.
      await breath();
    }
    reader.end();
  } catch (error) {
    tree.abandon();
    throw diskFault(error);
  } finally {
    await file.close();
  }
}

function begin(tree: TreeWriter, options: LayerOptions): TarReader {
  tree.layer(options);
  return new TarReader(tree);
}
