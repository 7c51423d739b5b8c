/**
 * An app's root before its mounts are made. Links are followed as the app would see them and lead nowhere outside; what
 * a mount needs to stand on is made here, where the mount itself would follow an image's link out to the host.
 */
import { chmodSync, chownSync, lstatSync, mkdirSync, readlinkSync, writeFileSync, type Stats } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { AppToRun } from "../contract.ts";

const MOST_LINKS = 40;

/** A mount that is going to be there when the next one is made. */
interface Coming {
  readonly at: string;
  readonly source: string;
  readonly readOnly: boolean;
}

export class RootView {
  /** From the top down; the first one takes what is made new. */
  readonly #layers: readonly string[];
  readonly #coming: Coming[] = [];
  readonly #firstUser: number;

  /** What is made new in the root belongs to the pod, whose users begin at `firstUser` of the host's. */
  constructor(root: AppToRun["root"], firstUser = 0) {
    this.#firstUser = firstUser;
    this.#layers = root.kind === "overlay" ? [root.upper, root.lower] : [root.target];
  }

  /** From now on, what lies below `at` is what lies below `source`. `at` is a place that `place` gave. */
  mounted(at: string, source: string, readOnly: boolean): void {
    this.#coming.unshift({ at, source, readOnly });
  }

  /** Where `path` is inside the root once links are followed; made if it is not there. */
  place(path: string, kind: "folder" | "file"): string {
    const reached = this.#follow(path);
    const there = this.#stat(reached);
    if (there === undefined) this.#make(reached, kind);
    else if (there.isDirectory() !== (kind === "folder")) {
      throw new Fault({
        what: `can't mount because ${kind === "folder" ? "a directory would go onto something that is none" : "a file would go onto a directory"}`,
        where: path,
      });
    }
    return reached;
  }

  isThere(path: string): boolean {
    return this.#stat(this.#follow(path)) !== undefined;
  }

  #follow(path: string): string {
    let links = 0;
    const pending = path.split("/").reverse();
    const reached: string[] = [];
    while (pending.length > 0) {
      const part = pending.pop() ?? "";
      if (part === "" || part === ".") continue;
      if (part === "..") {
        reached.pop();
        continue;
      }
      const here = `/${[...reached, part].join("/")}`;
      const file = this.#fileOf(here);
      if (file?.stat.isSymbolicLink() !== true) {
        reached.push(part);
        continue;
      }
      links += 1;
      if (links > MOST_LINKS) throw new Fault({ what: "too many symbolic links", where: path });
      const target = readlinkSync(file.path);
      if (target.startsWith("/")) reached.length = 0;
      pending.push(...target.split("/").reverse());
    }
    return `/${reached.join("/")}`;
  }

  #stat(path: string): Stats | undefined {
    return this.#fileOf(path)?.stat;
  }

  #fileOf(path: string): { readonly path: string; readonly stat: Stats } | undefined {
    for (const layer of this.#layersAt(path)) {
      const stat = lstatSync(layer, { throwIfNoEntry: false });
      if (stat !== undefined) return { path: layer, stat };
    }
    return undefined;
  }

  /** The places on the host where a path may lie, the one that counts first. */
  #layersAt(path: string): readonly string[] {
    const over = this.#comingAt(path);
    return over === undefined
      ? this.#layers.map((layer) => join(layer, path))
      : [join(over.source, path.slice(over.at.length))];
  }

  #comingAt(path: string): Coming | undefined {
    return this.#coming.find(({ at }) => path === at || path.startsWith(at === "/" ? "/" : `${at}/`));
  }

  #make(path: string, kind: "folder" | "file"): void {
    const over = this.#comingAt(path);
    if (over?.readOnly === true) {
      throw new Fault({
        what: "can't create a mount point inside a read-only volume",
        where: path,
        got: over.source,
      });
    }
    const top = over === undefined ? this.#layers[0] : over.source;
    const base = over === undefined ? "" : over.at;
    if (top === undefined) throw new Error("a root has at least one layer");
    const parts = path
      .slice(base.length)
      .split("/")
      .filter((part) => part !== "");
    let below = base;
    for (const [index, part] of parts.entries()) {
      below = `${below}/${part}`;
      const file = join(top, below.slice(base.length));
      if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) continue;
      const first = over === undefined ? this.#firstUser : 0;
      if (kind === "file" && index === parts.length - 1) {
        writeFileSync(file, "", { mode: 0o644, flag: "wx" });
        if (first > 0) chownSync(file, first, first);
        continue;
      }
      // A folder that only the layer below has keeps its owner and mode, although the upper one now stands for it.
      const like = this.#stat(below);
      mkdirSync(file);
      chmodSync(file, like === undefined ? 0o755 : like.mode & 0o7777);
      if (like !== undefined || first > 0)
        chownSync(file, first + (like?.uid ?? 0), first + (like?.gid ?? 0));
    }
  }
}
