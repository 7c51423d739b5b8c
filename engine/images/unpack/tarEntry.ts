/** What a tar archive says of one file. Names are bytes: tar knows no encoding, and neither does the kernel. */
export interface TarEntry {
  readonly kind: EntryKind;
  readonly name: Buffer;
  /** Of links: where to. */
  readonly target: Buffer;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; zero for all but files. */
  readonly size: number;
  /** Seconds, with a fraction where the archive has one. */
  readonly mtime: number;
  /** Extended attributes by name. */
  readonly attributes: ReadonlyMap<string, Buffer>;
}

export type EntryKind = "file" | "directory" | "symlink" | "hardlink" | "fifo" | "device";

/** Takes entries in the archive's order. After `entry` for a file come its bytes, in pieces, and then `endOfFile`. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** The piece is only lent: it is overwritten after the call. */
  content(piece: Buffer): void;
  endOfFile(): void;
}
