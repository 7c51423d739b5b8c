/** The manifest within an ACI whose bytes nobody has vouched for yet: its name decides whose signature is asked for. */
import type { Readable } from "node:stream";
import { Fault } from "../../../errors/fault.ts";
import type { ImageManifest } from "../../appc/imageManifest.ts";
import { parseImageManifest } from "../../appc/parseImageManifest.ts";
import { decompress } from "../compression.ts";
import type { TarEntry, TarSink } from "../unpack/tarEntry.ts";
import { TarReader } from "../unpack/TarReader.ts";

const LARGEST_MANIFEST = 4 << 20;

/** Thrown to stop reading: what comes after the manifest is not needed. */
class Found extends Error {}

export async function readAciManifest(content: Readable): Promise<ImageManifest> {
  const sink = new ManifestSink();
  const reader = new TarReader(sink);
  try {
    await decompress(content, (piece) => {
      reader.write(piece);
    });
    reader.end();
  } catch (error) {
    if (!(error instanceof Found)) throw error;
  } finally {
    content.destroy();
  }
  if (sink.text === undefined) throw new Fault({ what: "missing manifest", remedy: "is this file an ACI?" });
  return parseImageManifest(sink.text);
}

class ManifestSink implements TarSink {
  text: string | undefined;
  #pieces: Buffer[] | undefined;

  entry({ kind, name, size }: TarEntry): void {
    if (kind !== "file" || !/^(\.\/)?manifest$/.test(name.toString())) return;
    if (size > LARGEST_MANIFEST) {
      throw new Fault({
        what: "the image's manifest is too large",
        got: `${size} bytes`,
        allowed: `at most ${LARGEST_MANIFEST} bytes`,
      });
    }
    this.#pieces = [];
  }

  content(piece: Buffer): void {
    this.#pieces?.push(Buffer.from(piece));
  }

  endOfFile(): void {
    if (this.#pieces === undefined) return;
    this.text = Buffer.concat(this.#pieces).toString("utf8");
    throw new Found();
  }
}
