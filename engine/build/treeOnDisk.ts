/** Files of a disk as they are found: the rendered tree of an image, or what a step has changed in it. */
import { spawn } from "node:child_process";
import { lstatSync, readdirSync, readlinkSync, type BigIntStats } from "node:fs";
import { diskFault, hasCode } from "../../errors/diskFault.ts";
import { Fault, messageOf } from "../../errors/fault.ts";
import { asKey, asPath } from "../images/unpack/memberName.ts";
import {
  describe,
  ImageTree,
  makeFolder,
  noAttributes,
  type Folder,
  type LeafEntry,
  type SeenFile,
} from "./imageTree.ts";

/** What an overlay notes of the tree below it, beside files: what is gone, and folders that hide what was there. */
export interface OverlayNotes {
  readonly gone: ReadonlyMap<Folder, ReadonlySet<string>>;
  readonly opaque: ReadonlySet<Folder>;
}

export interface DiskTree extends OverlayNotes {
  readonly tree: ImageTree;
  readonly files: number;
}

const MOST_FILES = 1_000_000;

/** Nothing is followed, nothing opened. What cannot be in an image is refused, all of it at once. */
export async function readDiskTree(
  folder: string,
  warn: (text: string) => void,
  sockets: "refused" | "without sockets" = "refused",
): Promise<DiskTree> {
  const extended = await extendedAttributes(folder, warn);
  const gone = new Map<Folder, Set<string>>();
  const opaque = new Set<Folder>();
  const linked = new Map<string, LeafEntry>();
  const refused: Fault[] = [];
  const tree = new ImageTree();
  const top = asKey(Buffer.from(folder));
  let files = 0;
  try {
    describe(tree.root, attributesOf(lstatSync(folder, { bigint: true }), extended.get(top)));
    read(tree.root, top);
  } catch (error) {
    throw diskFault(error);
  }
  refuse(refused);
  return { tree, gone, opaque, files };

  function read(into: Folder, at: string): void {
    if (extended.get(at)?.get(overlay.opaque)?.toString("latin1") === "y") opaque.add(into);
    for (const name of readdirSync(asPath(at), { encoding: "latin1" })) {
      if (++files > MOST_FILES) throw new Fault({ what: `more than ${MOST_FILES} files`, where: folder });
      const path = `${at}/${name}`;
      const stats = lstatSync(asPath(path), { bigint: true });
      const own = extended.get(path);
      if (stats.isDirectory()) {
        const child = makeFolder(into, name);
        describe(child, attributesOf(stats, own));
        read(child, path);
      } else if (stats.isCharacterDevice() && stats.rdev === 0n) {
        gone.set(into, (gone.get(into) ?? new Set()).add(name));
      } else {
        const leaf = leafOf(path, stats, own);
        if (leaf !== undefined) into.children.set(name, leaf);
      }
    }
  }

  function leafOf(
    path: string,
    stats: BigIntStats,
    own: ReadonlyMap<string, Buffer> | undefined,
  ): LeafEntry | undefined {
    const inode = `${stats.dev}:${stats.ino}`;
    const first = stats.nlink > 1n ? linked.get(inode) : undefined;
    if (first !== undefined) return first;
    const attributes = attributesOf(stats, own);
    let leaf: LeafEntry;
    if (stats.isFile()) {
      if (own?.has(overlay.metacopy) === true)
        refused.push(unreadable(path, "a file of which only the attributes are there"));
      leaf = { kind: "file", content: { from: "file", path, seen: seenOf(stats) }, ...attributes };
    } else if (stats.isSymbolicLink()) {
      const target = readlinkSync(asPath(path), { encoding: "buffer" });
      leaf = { kind: "link", target: asKey(target), ...attributes };
    } else if (stats.isFIFO()) {
      leaf = { kind: "pipe", ...attributes };
    } else {
      // A pod's /dev is made by what runs it; what a bootstrapped root has there is left behind, as when unpacking.
      const isDevice = stats.isCharacterDevice() || stats.isBlockDevice();
      const isLeft = isDevice ? path.startsWith(`${top}/dev/`) : sockets === "without sockets";
      if (!isLeft) {
        refused.push(unreadable(path, stats.isSocket() ? "a socket" : "a device"));
      }
      return undefined;
    }
    if (stats.nlink > 1n) linked.set(inode, leaf);
    return leaf;
  }
}

const overlay = {
  opaque: "trusted.overlay.opaque",
  metacopy: "trusted.overlay.metacopy",
  redirect: "trusted.overlay.redirect",
} as const;

export function seenOf(stats: BigIntStats): SeenFile {
  return {
    device: stats.dev,
    inode: stats.ino,
    size: stats.size,
    mtime: stats.mtimeNs,
    ctime: stats.ctimeNs,
  };
}

export function unreadable(path: string, got: string): Fault {
  return new Fault({
    what: "that cannot be in an image",
    where: asPath(path).toString(),
    got,
    allowed: "files, folders, symbolic links and pipes",
  });
}

const MOST_TOLD = 20;

/** All refusals as one; of very many the first. */
export function refuse(refused: readonly Fault[]): void {
  const [first, ...more] = refused;
  if (first === undefined) return;
  if (more.length === 0) throw first;
  const listed = refused.slice(0, MOST_TOLD).map(({ message }) => `- ${message.replaceAll("\n", "\n  ")}`);
  const rest = refused.length > MOST_TOLD ? [`- and ${refused.length - MOST_TOLD} more`] : [];
  throw new Fault({
    what: `${refused.length} files cannot be in an image\n${[...listed, ...rest].join("\n")}`,
  });
}

function attributesOf(
  stats: BigIntStats,
  own: ReadonlyMap<string, Buffer> | undefined,
): Pick<LeafEntry, "mode" | "uid" | "gid" | "mtime" | "attributes"> {
  const kept = [...(own ?? [])].filter(([name]) => !name.startsWith("trusted."));
  return {
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: Math.max(0, Number(stats.mtimeNs / 1_000_000_000n)),
    attributes: kept.length === 0 ? noAttributes : new Map(kept),
  };
}

const wanted = "^(security\\.capability$|user\\.|trusted\\.overlay\\.(opaque|metacopy|redirect)$)";

/** By getfattr, for Node cannot ask: capabilities of programs, and what overlayfs notes on its folders. */
async function extendedAttributes(
  folder: string,
  warn: (text: string) => void,
): Promise<ReadonlyMap<string, ReadonlyMap<string, Buffer>>> {
  let text: Buffer;
  try {
    const only = ["--dump", `--match=${wanted}`, "--encoding=base64"];
    text = await output("getfattr", [
      "--recursive",
      "--physical",
      "--no-dereference",
      "--absolute-names",
      ...only,
      "--",
      folder,
    ]);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    warn(
      "files without their capabilities and extended attributes: getfattr (package attr) is not installed",
    );
    return new Map();
  }
  const found = attributesIn(text.toString("latin1"));
  for (const [path, own] of found) {
    if (own.has(overlay.redirect)) {
      throw new Fault({
        what: "a step has moved a folder of the image in a way that cannot be followed",
        where: path,
        remedy: "echo N > /sys/module/overlay/parameters/redirect_dir, and build again",
      });
    }
  }
  return found;
}

/** What `getfattr --dump --encoding=base64` prints. Paths are keys. */
export function attributesIn(dump: string): ReadonlyMap<string, ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Map<string, Buffer>>();
  let own: Map<string, Buffer> | undefined;
  for (const line of dump.split("\n")) {
    const [, path] = /^# file: (.*)$/s.exec(line) ?? [];
    if (path !== undefined) {
      own = new Map();
      found.set(unescaped(path), own);
      continue;
    }
    const [, name, value = ""] = /^([^=]+)(?:=0s(.*))?$/s.exec(line) ?? [];
    if (name !== undefined) own?.set(unescaped(name), Buffer.from(value, "base64"));
  }
  return found;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function output(program: string, args: readonly string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C" },
    });
    const pieces: Buffer[] = [];
    let said = "";
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = `${said}${text}`.slice(0, 400);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(pieces));
      else reject(new Fault({ what: `${program} failed`, got: messageOf(said.trim()) }));
    });
  });
}
