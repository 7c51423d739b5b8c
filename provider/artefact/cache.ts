/** Where obtained bytes are kept on the operator's machine. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

export interface Cache {
  readonly folder: string;
  /** What `make tools` has built, by name. */
  readonly index: string;
  /** Fetched bytes, by their checksum. */
  readonly downloads: string;
  /** Checksums of files, so that a large one is read only when it has changed. */
  readonly digests: string;
}

export function cacheAt(folder: string = defaultFolder()): Cache {
  return {
    folder,
    index: join(folder, "artefacts.json"),
    downloads: join(folder, "downloads"),
    digests: join(folder, "digests"),
  };
}

function defaultFolder(): string {
  const { RKTNETES_CACHE: set = "", XDG_CACHE_HOME: caches = "" } = process.env;
  if (set !== "") return set;
  return join(caches === "" ? join(homedir(), ".cache") : caches, "rktnetes");
}

/** Writes a file whole or not at all. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
