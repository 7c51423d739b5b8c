import type { Hash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import type { Stats } from "node:fs";
import { join } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import { Fault } from "../../errors/fault.ts";
import { hasCode } from "../../errors/diskFault.ts";
import { asKey, asPath } from "../images/unpack/memberName.ts";
import { digest } from "./lateCrypto.ts";
import { parseObject } from "./imageRecords.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { inTree } from "./treePlace.ts";

/** What is written beside a tree when it is made. */
export async function hashesOfTree(rootfs: string): Promise<string> {
  const contents = await hashOfContents(rootfs);
  const notes = await notesOf(rootfs);
  return `${JSON.stringify({ contents, notes })}\n`;
}

/** Whether a tree was touched since it was made; what every `rkt run` asks. See notesOf for what it sees. */
export async function checkNotes(folders: StoreFolders, treeId: string): Promise<void> {
  const { notes } = hashesOf(folders, treeId);
  const now = await notesOf(join(folders.tree(treeId), inTree.rootfs));
  // Compared as they are: hashes are for people, who are told of two that differ.
  if (now !== notes) compare(treeId, shown(now), shown(notes));
}

function shown(notes: string): string {
  return `sha256-${digest("sha256", notes)}`;
}

/** Whether a tree is, byte for byte, what was made of the image; what `rkt image verify` asks. */
export async function checkContents(folders: StoreFolders, treeId: string): Promise<void> {
  const { contents } = hashesOf(folders, treeId);
  compare(treeId, await hashOfContents(join(folders.tree(treeId), inTree.rootfs)), contents);
}

function compare(treeId: string, got: string, expected: string): void {
  if (got === expected) return;
  throw new Fault({
    what: `wrong tree hash: ${got}, expected: ${expected}`,
    where: `tree ${treeId}`,
    remedy: "rkt image verify IMAGE renders it anew; --insecure-options=ondisk runs it as it is",
  });
}

function hashesOf(
  folders: StoreFolders,
  treeId: string,
): { readonly contents: string; readonly notes: string } {
  const path = join(folders.tree(treeId), inTree.hash);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw new Fault({ what: `cannot read hash file ${path}` });
    throw error;
  }
  const { contents, notes } = parseObject(text) ?? {};
  if (typeof contents !== "string" || typeof notes !== "string") {
    throw new Fault({ what: `the hash file ${path} is damaged` });
  }
  return { contents, notes };
}

/**
 * The inode of each file and the time of its last change, which nobody can set: whatever writes to the tree through a
 * file system changes it, and so does a change of mode, owner, size or any other time. Contents are not read, so it
 * takes microseconds per file; it does not see what a bad disk does.
 */
async function notesOf(rootfs: string): Promise<string> {
  let notes = "";
  await walk(rootfs, (path, stats) => {
    // No name has a slash in it, which so ends a path as surely as a zero byte, and is one character in JSON too.
    notes += `${path}//${stats.ino} ${stats.ctimeMs}\n`;
  });
  return notes;
}

/** A hash over everything that makes a tree what it is, contents included: the same wherever and whenever it is made. */
async function hashOfContents(rootfs: string): Promise<string> {
  const hash = process.getBuiltinModule("node:crypto").createHash("sha256");
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const firstNames = new Map<string, string>();
  await walk(rootfs, (path, stats, full) => {
    const { mode, uid, gid, nlink } = stats;
    hash.update(`${path}\0${mode} ${uid} ${gid} ${Math.floor(stats.mtimeMs / 1000)}\0`, "latin1");
    if (stats.isSymbolicLink()) {
      hash.update(readlinkSync(asPath(full), { encoding: "buffer" })).update("\0");
    } else if (stats.isFile()) {
      const inode = `${stats.dev}:${stats.ino}`;
      const first = nlink > 1 ? firstNames.get(inode) : undefined;
      if (first !== undefined) {
        hash.update(`link to ${first}\0`, "latin1");
        return;
      }
      if (nlink > 1) firstNames.set(inode, path);
      hash.update(`${stats.size}\0`);
      if (stats.size > 0) addContent(hash, full, buffer);
    }
  });
  return `sha256-${hash.digest("hex")}`;
}

function addContent(hash: Hash, full: string, buffer: Buffer): void {
  const descriptor = openSync(asPath(full), "r");
  try {
    for (;;) {
      const length = readSync(descriptor, buffer, 0, buffer.length, null);
      if (length === 0) return;
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Files between two pauses, in which a server answers others. */
const AT_A_TIME = 500;

/** In an order that depends on names alone. Paths are keys (see memberName.ts): relative to the root, and whole. */
async function walk(
  rootfs: string,
  visit: (path: string, stats: Stats, full: string) => void,
): Promise<void> {
  const root = asKey(Buffer.from(rootfs));
  const pending = [""];
  let visited = 0;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const full = `${root}${path}`;
    const place = asPath(full);
    const stats = lstatSync(place);
    visit(path, stats, full);
    if (stats.isDirectory()) {
      const names = readdirSync(place, { encoding: "latin1" }).sort();
      for (const name of names.reverse()) pending.push(`${path}/${name}`);
    }
    if (++visited % AT_A_TIME === 0) await breath();
  }
}
