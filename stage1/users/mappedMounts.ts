/**
 * Mounts for a pod that has users of its own: what it sees of the host has its owners mapped into the pod's range. They
 * are made before the pod's other mounts, in a mount namespace of the pod's, and lie in one place that everybody may
 * pass: whoever the pod's root is on the host cannot go into the pod's folder.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import { Fault } from "../../errors/fault.ts";
import type { Handover, PodToRun } from "../contract.ts";
import { flavourProgram } from "../starting/programs.ts";

export type UserRange = NonNullable<PodToRun["userNamespace"]>;

type Kind = "folder" | "plain" | "mapped" | "wanted";

export class MappedMounts {
  readonly place: string;
  readonly #words: string[];
  #count = 0;

  constructor(place: string) {
    this.place = place;
    this.#words = [place];
  }

  /** An empty folder, to mount on. */
  folder(): string {
    return this.#add("folder", "");
  }

  /** Something of the host's as it is: its owners are the pod's already. */
  plain(source: string, recursive = false): string {
    return this.#add("plain", source, recursive);
  }

  /** Something of the host's with its owners mapped. */
  mapped(source: string, recursive = false): string {
    return this.#add("mapped", source, recursive);
  }

  /** The same where its file system can do that. Where not, its files belong to nobody in the pod, which is told. */
  wanted(source: string, recursive = false): string {
    return this.#add("wanted", source, recursive);
  }

  /** As `owners mount` reads it. */
  table(): string {
    return this.#words.map((word) => `${word}\0`).join("");
  }

  #add(kind: Kind, source: string, recursive = false): string {
    const target = join(this.place, String(this.#count++));
    this.#words.push(recursive ? `${kind}+recursive` : kind, source, target);
    return target;
  }
}

/** Folders that are on every host, and that no program needs while a pod starts. */
const places = ["/mnt", "/media", "/srv", "/opt"];

/** The first of them that does not hold the pod itself. */
export function placeForMounts(
  folder: string,
  isFolder: (path: string) => boolean = (path) =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
): string {
  const place = places.find((each) => !folder.startsWith(`${each}/`) && isFolder(each));
  if (place !== undefined) return place;
  throw new Fault({
    what: "a pod with private users needs a folder to mount on",
    allowed: places.join(", "),
    remedy: "make one of them",
  });
}

/** What stage0 turns into, once these mounts are made. */
export function afterMounts(
  folder: string,
  users: UserRange,
  mounts: MappedMounts,
  next: Handover,
): Handover {
  const table = join(folder, "mapped-mounts");
  replaceFileSync(table, mounts.table(), { mode: 0o600 });
  return {
    ...next,
    program: ownersProgram(),
    arguments: ["mount", String(users.first), String(users.count), table, next.program, ...next.arguments],
  };
}

export function ownersProgram(): string {
  return flavourProgram("oci", "owners");
}
