/** A tree as the bytes of an ACI: the same for the same tree, whenever and by whomever it is made. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { setImmediate as breath } from "node:timers/promises";
import { diskFault } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import { asPath } from "../images/unpack/memberName.ts";
import {
  noAttributes,
  type Folder,
  type ImageEntry,
  type ImageTree,
  type LeafEntry,
  type SeenFile,
} from "./imageTree.ts";
import { archiveEnd, padding, tarHeader, type TarFacts } from "./tarBytes.ts";
import { seenOf } from "./treeOnDisk.ts";

const PIECE = 1 << 20;

/**
 * The archive in pieces: the manifest, then the files below `rootfs`, each folder's by their names. Nothing gets a
 * later time than `time`, which is that of what was copied or written.
 */
export async function* packTree(manifest: string, tree: ImageTree, time: number): AsyncGenerator<Buffer> {
  const text = Buffer.from(manifest);
  const ours = { uid: 0, gid: 0, mtime: time, target: "", attributes: noAttributes };
  yield tarHeader({ name: "manifest", type: "file", mode: 0o644, size: text.length, ...ours });
  yield Buffer.concat([text, padding(text.length)]);
  const names = new Map<LeafEntry, string>();
  yield* folder("rootfs", tree.root);
  yield archiveEnd;

  async function* folder(name: string, entry: Folder): AsyncGenerator<Buffer> {
    yield headerOf(`${name}/`, entry, time);
    const children = [...entry.children].sort(([one], [other]) => (one < other ? -1 : 1));
    for (const [child, below] of children) {
      if (below.kind === "folder") yield* folder(`${name}/${child}`, below);
      else yield* leaf(`${name}/${child}`, below);
    }
  }

  async function* leaf(name: string, entry: LeafEntry): AsyncGenerator<Buffer> {
    const first = names.get(entry);
    if (first !== undefined) {
      yield tarHeader({ ...factsOf(name, entry, time), type: "hardlink", size: 0, target: first });
      return;
    }
    names.set(entry, name);
    yield headerOf(name, entry, time);
    if (entry.kind !== "file") return;
    const { content } = entry;
    if (content.from === "bytes") yield content.bytes;
    else yield* bytesOf(content.path, content.seen);
    yield padding(sizeOf(entry));
  }
}

function headerOf(name: string, entry: ImageEntry, time: number): Buffer {
  return tarHeader(factsOf(name, entry, time));
}

function factsOf(name: string, entry: ImageEntry, time: number): TarFacts {
  const { mode, uid, gid, mtime = time, attributes } = entry;
  return {
    name,
    type: entry.kind,
    mode,
    uid,
    gid,
    size: sizeOf(entry),
    mtime: Math.min(mtime, time),
    target: entry.kind === "link" ? entry.target : "",
    attributes,
  };
}

function sizeOf(entry: ImageEntry): number {
  if (entry.kind !== "file") return 0;
  const { content } = entry;
  return content.from === "bytes" ? content.bytes.length : Number(content.seen.size);
}

/** The file that was seen, whole and as it was seen: otherwise half of an old version and half of a new one would be signed. */
async function* bytesOf(key: string, seen: SeenFile): AsyncGenerator<Buffer> {
  const path = asPath(key);
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw diskFault(error);
  }
  try {
    refuseChanged(path, file, seen);
    let left = Number(seen.size);
    while (left > 0) {
      const buffer = Buffer.allocUnsafe(Math.min(PIECE, left));
      const length = readSync(file, buffer, 0, buffer.length, null);
      if (length === 0) throw changed(path);
      left -= length;
      yield buffer.subarray(0, length);
      await breath();
    }
    refuseChanged(path, file, seen);
  } finally {
    closeSync(file);
  }
}

function refuseChanged(path: string | Buffer, file: number, seen: SeenFile): void {
  const now = seenOf(fstatSync(file, { bigint: true }));
  const same =
    now.device === seen.device &&
    now.inode === seen.inode &&
    now.size === seen.size &&
    now.mtime === seen.mtime &&
    now.ctime === seen.ctime;
  if (!same) throw changed(path);
}

function changed(path: string | Buffer): Fault {
  return new Fault({
    what: "the file changed while the image was built",
    where: path.toString(),
    remedy: "build again when nobody writes to it",
  });
}
