/** What a step copies out of the description's folder. */
import { lstatSync, readdirSync, readlinkSync, realpathSync, type BigIntStats } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { diskFault } from "../../errors/diskFault.ts";
import { Fault } from "../../errors/fault.ts";
import { asKey, asPath } from "../images/unpack/memberName.ts";
import type { CopyStep } from "./description.ts";
import { describe, makeFolder, newFolder, noAttributes, type Folder, type LeafEntry } from "./imageTree.ts";
import { readDiskTree, refuse, seenOf, unreadable } from "./treeOnDisk.ts";

export type CopiedSource = Folder | LeafEntry;

const MOST_FILES = 1_000_000;

/** Contents are read later. Links are never followed out of the folder: what they lead to is nobody's to publish. */
export async function copiedSource(
  context: string,
  step: CopyStep,
  warn: (text: string) => void,
): Promise<CopiedSource> {
  try {
    const path = placeOf(context, step.source);
    const stats = lstatSync(path, { bigint: true });
    if (step.keep) {
      if (!stats.isDirectory()) {
        throw new Fault({
          what: "keep is for a folder",
          where: step.source,
          remedy: "give a file its mode, uid and gid",
        });
      }
      const { tree, gone } = await readDiskTree(path, warn);
      if (gone.size > 0) throw unreadable(path, "a device");
      return tree.root;
    }
    if (stats.isDirectory() && step.mode !== undefined) {
      throw new Fault({
        what: "one mode for all that is in a folder would make programs of data, or data of programs",
        where: step.source,
        remedy: "leave mode out: what its owner may execute becomes 0755, the rest 0644",
      });
    }
    const copying = new Copying(context, step);
    const copied = copying.entry(asKey(Buffer.from(path)), stats);
    refuse(copying.refused);
    if (copied === undefined) throw new Error("nothing was copied, and nothing refused");
    return copied;
  } catch (error) {
    throw diskFault(error);
  }
}

/** Where the source really is, which is in the folder, or nowhere. */
function placeOf(context: string, source: string): string {
  const asked = join(context, source);
  const real = realpathSync(asked);
  const root = realpathSync(context);
  if (real === root || real.startsWith(`${root}/`)) return real;
  throw new Fault({
    what: "a link leads out of the description's folder",
    where: asked,
    got: real,
    allowed: `what is in ${root}`,
    remedy: "copy it into the folder first",
  });
}

class Copying {
  readonly refused: Fault[] = [];
  readonly #root: string;
  readonly #step: CopyStep;
  #files = 0;

  constructor(context: string, step: CopyStep) {
    this.#root = realpathSync(context);
    this.#step = step;
  }

  entry(path: string, stats: BigIntStats): CopiedSource | undefined {
    if (++this.#files > MOST_FILES)
      throw new Fault({ what: `more than ${MOST_FILES} files`, where: this.#step.source });
    const { uid, gid } = this.#step;
    const owned = { uid, gid, mtime: undefined, attributes: noAttributes };
    if (stats.isDirectory()) return this.#folder(path, owned);
    if (stats.isFile()) {
      const mode = this.#step.mode ?? ((stats.mode & 0o100n) === 0n ? 0o644 : 0o755);
      return { kind: "file", content: { from: "file", path, seen: seenOf(stats) }, mode, ...owned };
    }
    if (stats.isSymbolicLink()) {
      const target = readlinkSync(asPath(path), { encoding: "buffer" });
      const mistake = this.#leadsOut(path, target.toString());
      if (mistake === undefined) return { kind: "link", target: asKey(target), mode: 0o777, ...owned };
      this.refused.push(mistake);
      return undefined;
    }
    this.refused.push(
      unreadable(path, stats.isSocket() ? "a socket" : stats.isFIFO() ? "a pipe" : "a device"),
    );
    return undefined;
  }

  #folder(path: string, owned: Pick<Folder, "uid" | "gid" | "mtime" | "attributes">): Folder {
    const folder = newFolder(undefined);
    this.#fill(folder, path, owned);
    return folder;
  }

  #fill(folder: Folder, path: string, owned: Pick<Folder, "uid" | "gid" | "mtime" | "attributes">): void {
    describe(folder, { mode: 0o755, ...owned });
    for (const name of readdirSync(asPath(path), { encoding: "latin1" }).sort()) {
      const below = `${path}/${name}`;
      const stats = lstatSync(asPath(below), { bigint: true });
      if (stats.isDirectory()) {
        this.#files++;
        this.#fill(makeFolder(folder, name), below, owned);
        continue;
      }
      const entry = this.entry(below, stats);
      if (entry !== undefined) folder.children.set(name, entry);
    }
  }

  #leadsOut(path: string, target: string): Fault | undefined {
    const place = asPath(path).toString();
    const led = resolve(dirname(place), target);
    const outside = relative(this.#root, led).split("/")[0] === "..";
    if (!target.startsWith("/") && !outside) return undefined;
    return new Fault({
      what: "a link leads out of the description's folder",
      where: place,
      got: target,
      allowed: "a relative link to what is in the folder",
      remedy: "write the link as a step of its own (link: …), or keep the whole tree as it is (keep: true)",
    });
  }
}
