import { Fault } from "../../../errors/fault.ts";
import { componentsOf } from "../unpack/memberName.ts";
import { shown } from "../unpack/TarReader.ts";
import type { TarEntry, TarSink } from "../unpack/tarEntry.ts";

/** Real ones have some kilobytes. */
const LARGEST_MANIFEST = 4 * 1024 * 1024;

/** Looks at an ACI's archive as it passes by: it must hold `manifest`, `rootfs` and nothing beside them. */
export class AciLayout implements TarSink {
  #pieces: Buffer[] | undefined;
  #manifest: string | undefined;
  #hasRoot = false;

  entry(entry: TarEntry): void {
    const [top, ...below] = componentsOf(entry.name);
    if (top === undefined) return;
    if (top === "rootfs") {
      if (below.length === 0 && entry.kind !== "directory") {
        throw invalid("rootfs is no directory");
      }
      this.#hasRoot = true;
      return;
    }
    if (top !== "manifest" || below.length > 0) {
      throw invalid(`unrecognized file path in layout: "${shown(entry.name)}"`);
    }
    if (entry.kind !== "file") throw invalid("manifest is no file");
    if (this.#manifest !== undefined) throw invalid("there are two manifests");
    if (entry.size > LARGEST_MANIFEST) throw invalid(`a manifest of ${entry.size} bytes`);
    this.#pieces = [];
  }

  content(piece: Buffer): void {
    this.#pieces?.push(Buffer.from(piece));
  }

  endOfFile(): void {
    if (this.#pieces === undefined) return;
    this.#manifest = Buffer.concat(this.#pieces).toString("utf8");
    this.#pieces = undefined;
  }

  /** The manifest's text, once the archive has passed whole. */
  get manifest(): string {
    if (this.#manifest === undefined) throw invalid("no manifest");
    if (!this.#hasRoot) throw invalid("no rootfs directory");
    return this.#manifest;
  }
}

function invalid(what: string): Fault {
  return new Fault({ what: `not a valid ACI: ${what}` });
}
