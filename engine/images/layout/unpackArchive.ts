/** The files of a layout out of its tar archive; what does not belong to a layout is left in it. */
import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { diskFault } from "../../../errors/diskFault.ts";
import { decompress } from "../compression.ts";
import type { TarEntry, TarSink } from "../unpack/tarEntry.ts";
import { TarReader } from "../unpack/TarReader.ts";

const PIECE = 1 << 20;
const ofLayout = /^(?:\.\/)?(oci-layout|index\.json|blobs\/sha256\/[0-9a-f]{64})$/;

export async function unpackArchive(archive: string, folder: string): Promise<void> {
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true });
  const sink = new FileSink(folder);
  const reader = new TarReader(sink);
  try {
    await decompress(createReadStream(archive, { highWaterMark: PIECE }), (piece) => {
      reader.write(piece);
    });
    reader.end();
  } catch (error) {
    if (error instanceof Error && "syscall" in error && error.syscall === "stat") error.syscall = "open";
    throw diskFault(error);
  } finally {
    sink.close();
  }
}

/** Names are matched whole and only files are written, so nothing can leave the folder. */
class FileSink implements TarSink {
  readonly #folder: string;
  #file: number | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  entry({ kind, name }: TarEntry): void {
    const path = kind === "file" ? ofLayout.exec(name.toString("latin1"))?.[1] : undefined;
    if (path !== undefined) this.#file = openSync(join(this.#folder, path), "w", 0o600);
  }

  content(piece: Buffer): void {
    if (this.#file === undefined) return;
    for (let at = 0; at < piece.length;) at += writeSync(this.#file, piece, at);
  }

  endOfFile(): void {
    this.close();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
