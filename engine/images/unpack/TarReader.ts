import { Fault } from "../../../errors/fault.ts";
import { noPaxRecords, parsePaxRecords } from "./pax.ts";
import type { PaxRecords } from "./pax.ts";
import type { EntryKind, TarEntry, TarSink } from "./tarEntry.ts";
import { BLOCK, parseTarHeader } from "./tarHeader.ts";
import type { TarHeader } from "./tarHeader.ts";

/** Of one pax header or GNU long name. Real ones have hundreds of bytes; whoever sends more wants our memory. */
const LARGEST_EXTENSION = 1024 * 1024;
/** Linux takes no longer ones. */
const LONGEST_NAME = 4095;

type Extension = "pax" | "global pax" | "long name" | "long link";

/**
 * Reads a tar archive that is pushed into it piece by piece and tells its sink, all of it synchronously: whoever has
 * bytes at hand pays for no promise per entry. Knows POSIX (ustar, pax) and GNU; refuses what it does not know.
 *
 * Not tar-stream: that one turns names into text, and a name that is no UTF-8 would become another file.
 */
export class TarReader {
  readonly #sink: TarSink;
  /** The part of a header that came at the end of a piece. */
  readonly #partial = Buffer.alloc(BLOCK);
  #partialLength = 0;
  /** Bytes of the current entry that are still to come, and zeros after them. */
  #remaining = 0;
  #padding = 0;
  #isFile = false;
  #extension: { readonly kind: Extension; readonly pieces: Buffer[] } | undefined;
  #globalPax: PaxRecords = noPaxRecords;
  #pax: PaxRecords | undefined;
  #longName: Buffer | undefined;
  #longLink: Buffer | undefined;
  #ended = false;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** Whether the archive's end was seen; what follows it is ignored. */
  get ended(): boolean {
    return this.#ended;
  }

  write(piece: Buffer): void {
    let at = 0;
    while (at < piece.length && !this.#ended) {
      if (this.#remaining > 0) {
        const take = Math.min(this.#remaining, piece.length - at);
        this.#takeContent(piece.subarray(at, at + take));
        this.#remaining -= take;
        at += take;
        if (this.#remaining === 0) this.#endContent();
      } else if (this.#padding > 0) {
        const skip = Math.min(this.#padding, piece.length - at);
        this.#padding -= skip;
        at += skip;
      } else if (this.#partialLength === 0 && piece.length - at >= BLOCK) {
        this.#header(piece.subarray(at, at + BLOCK));
        at += BLOCK;
      } else {
        const take = Math.min(BLOCK - this.#partialLength, piece.length - at);
        piece.copy(this.#partial, this.#partialLength, at, at + take);
        this.#partialLength += take;
        at += take;
        if (this.#partialLength === BLOCK) {
          this.#partialLength = 0;
          this.#header(this.#partial);
        }
      }
    }
  }

  /** To be called after the last piece. An archive may lack the zeros at its end, but not part of an entry. */
  end(): void {
    const cut = this.#remaining > 0 || this.#partialLength > 0 || this.#padding > 0;
    if (!this.#ended && (cut || this.#hasExtension())) {
      throw new Fault({ what: "the archive ends in the middle of an entry: it is cut off" });
    }
  }

  #hasExtension(): boolean {
    return this.#pax !== undefined || this.#longName !== undefined || this.#longLink !== undefined;
  }

  #takeContent(piece: Buffer): void {
    if (this.#isFile) this.#sink.content(piece);
    else this.#extension?.pieces.push(Buffer.from(piece));
  }

  #endContent(): void {
    if (this.#isFile) {
      this.#isFile = false;
      this.#sink.endOfFile();
      return;
    }
    const extension = this.#extension;
    this.#extension = undefined;
    if (extension === undefined) return;
    const bytes = Buffer.concat(extension.pieces);
    switch (extension.kind) {
      case "pax":
        this.#pax = parsePaxRecords(bytes, this.#pax ?? this.#globalPax);
        break;
      case "global pax":
        this.#globalPax = parsePaxRecords(bytes, this.#globalPax);
        break;
      case "long name":
        this.#longName = upToZero(bytes);
        break;
      case "long link":
        this.#longLink = upToZero(bytes);
        break;
    }
  }

  #header(block: Buffer): void {
    const header = parseTarHeader(block);
    if (header === undefined) {
      this.#ended = true;
      return;
    }
    const extension = extensionOf(header.type);
    if (extension !== undefined) {
      if (header.size > LARGEST_EXTENSION) {
        throw new Fault({
          what: `the archive has a ${extension} of ${header.size} bytes`,
          allowed: `up to ${LARGEST_EXTENSION} bytes`,
        });
      }
      this.#extension = { kind: extension, pieces: [] };
      this.#expect(header.size);
      if (header.size === 0) this.#endContent();
      return;
    }
    this.#entry(header);
  }

  #entry(header: TarHeader): void {
    const pax = this.#pax ?? this.#globalPax;
    const name = pax.path ?? this.#longName ?? header.name;
    const target = pax.linkpath ?? this.#longLink ?? header.linkName;
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
    checkName(name);
    checkName(target);
    const kind = kindOf(header.type, name);
    const size = kind === "file" ? (pax.size ?? header.size) : 0;
    const entry: TarEntry = {
      kind,
      name,
      target,
      mode: header.mode,
      uid: owner(pax.uid ?? header.uid),
      gid: owner(pax.gid ?? header.gid),
      size,
      mtime: pax.mtime ?? header.mtime,
      attributes: pax.attributes,
    };
    this.#sink.entry(entry);
    if (kind !== "file") return;
    this.#isFile = true;
    this.#expect(size);
    if (size === 0) this.#endContent();
  }

  #expect(size: number): void {
    this.#remaining = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
  }
}

function extensionOf(type: string): Extension | undefined {
  switch (type) {
    case "x":
      return "pax";
    case "g":
      return "global pax";
    case "L":
      return "long name";
    case "K":
      return "long link";
    default:
      return undefined;
  }
}

function kindOf(type: string, name: Buffer): EntryKind {
  switch (type) {
    case "0":
    case "\0":
    case "7":
      // Archives from before there was a type for directories mark them so.
      return name[name.length - 1] === 0x2f ? "directory" : "file";
    case "1":
      return "hardlink";
    case "2":
      return "symlink";
    case "3":
    case "4":
      return "device";
    case "5":
      return "directory";
    case "6":
      return "fifo";
    case "S":
      throw new Fault({
        what: "the archive holds a sparse file, which is not supported",
        where: shown(name),
      });
    default:
      throw new Fault({
        what: `the archive holds an entry of a kind that is not known: ${JSON.stringify(type)}`,
        where: shown(name),
      });
  }
}

function checkName(name: Buffer): void {
  if (name.includes(0)) {
    throw new Fault({ what: "the archive has a name with a zero byte in it", where: shown(name) });
  }
  if (name.length > LONGEST_NAME) {
    throw new Fault({
      what: `the archive has a name of ${name.length} bytes`,
      allowed: `up to ${LONGEST_NAME} bytes`,
    });
  }
}

function owner(id: number): number {
  // The highest number means "leave it" to the kernel.
  if (id > 0xfffffffe) throw new Fault({ what: `the archive has an owner that no file can have: ${id}` });
  return id;
}

function upToZero(bytes: Buffer): Buffer {
  const zero = bytes.indexOf(0);
  return zero === -1 ? bytes : bytes.subarray(0, zero);
}

/** A name from an archive as it may be shown to a person: no control characters that a terminal obeys. */
export function shown(name: Buffer): string {
  const text = JSON.stringify(name.toString("utf8").slice(0, 200)).slice(1, -1);
  return text.replace(/[\u007f-\u009f]/g, "?");
}
