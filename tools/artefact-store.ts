/**
 * Finished binaries: a folder for each program and key, with a manifest that says what belongs there. A folder
 * appears by rename, whole or not at all.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

import { digestOfFile } from "../files/digest.ts";
import type { CacheFolder } from "./cache-folder.ts";
import { binariesOf, fileOf, type Program } from "./catalogue.ts";
import type { Recipe } from "./recipe.ts";

const manifestName = "manifest.json";
const unfinished = ".building";

export interface Manifest {
  readonly version: string;
  /** The compiler that made it, as `go version` says. */
  readonly compiler: string;
  readonly files: Readonly<Record<string, StoredFile>>;
}

export interface StoredFile {
  readonly sha256: string;
  readonly size: number;
  /** When it was last written: a file whose size and time are the recorded ones is not read again. */
  readonly modified: number;
}

/** A finished build, and where its binaries are. */
export interface StoredProgram {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** One line of artefacts.json. */
export interface IndexedArtefact {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly version: string;
  readonly program: string;
  readonly answersTo?: readonly string[];
}

export function folderOf(cache: CacheFolder, recipe: Recipe): string {
  return join(cache.artefacts, recipe.program.name, recipe.key);
}

/** Where a program is built, before it is stored. */
export function unfinishedFolderOf(cache: CacheFolder, recipe: Recipe): string {
  return `${folderOf(cache, recipe)}${unfinished}`;
}

/**
 * What is stored for a recipe, or undefined when it has to be built. Files are read and summed again only where
 * their size or time is not the recorded one; a file that was changed counts as missing.
 */
export async function findStored(cache: CacheFolder, recipe: Recipe): Promise<StoredProgram | undefined> {
  const folder = folderOf(cache, recipe);
  const manifest = await readManifest(folder);
  if (manifest === undefined) return undefined;
  for (const binary of binariesOf(recipe.program)) {
    const recorded = manifest.files[fileOf(binary)];
    if (recorded === undefined || !(await isIntact(join(folder, fileOf(binary)), recorded))) return undefined;
  }
  return { folder, manifest };
}

/** Whether a file is the one that was recorded. */
export async function isIntact(path: string, recorded: StoredFile): Promise<boolean> {
  const found = await stat(path).catch(absent);
  if (found === undefined || found.size !== recorded.size) return false;
  return found.mtimeMs === recorded.modified || (await digestOfFile(path)) === recorded.sha256;
}

/** A file as it is now. */
export async function storedFile(path: string): Promise<StoredFile> {
  const { size, mtimeMs } = await stat(path);
  return { sha256: await digestOfFile(path), size, modified: mtimeMs };
}

/** Puts a folder of fresh binaries in its place, in the stead of whatever was there. */
export async function store(
  cache: CacheFolder,
  recipe: Recipe,
  built: string,
  compiler: string,
): Promise<StoredProgram> {
  const files: Record<string, StoredFile> = {};
  for (const binary of binariesOf(recipe.program)) {
    files[fileOf(binary)] = await storedFile(join(built, fileOf(binary)));
  }
  const manifest: Manifest = { version: recipe.version, compiler, files };
  await writeFile(join(built, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
  const folder = folderOf(cache, recipe);
  await rm(folder, { recursive: true, force: true });
  await rename(built, folder);
  return { folder, manifest };
}

/** Removes builds of a program that no recent key names: the newest few stay, for other checkouts and branches. */
export async function removeOldBuilds(cache: CacheFolder, program: Program, keep: number): Promise<void> {
  const parent = join(cache.artefacts, program.name);
  const builds = await Promise.all(
    (await readdir(parent)).map(async (name) => {
      const path = join(parent, name);
      // What a run that was cut off left half done is older than everything.
      return { path, modified: name.endsWith(unfinished) ? 0 : (await stat(path)).mtimeMs };
    }),
  );
  const old = builds.toSorted((a, b) => b.modified - a.modified).slice(keep);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}

/** Entries of the index for one stored program. */
export function indexEntries(program: Program, stored: StoredProgram): Record<string, IndexedArtefact> {
  const entries: Record<string, IndexedArtefact> = {};
  for (const binary of binariesOf(program)) {
    const file = stored.manifest.files[fileOf(binary)];
    if (file === undefined) continue;
    entries[binary.artefact] = {
      path: join(stored.folder, fileOf(binary)),
      sha256: file.sha256,
      size: file.size,
      version: stored.manifest.version,
      program: program.name,
      ...(binary.answersTo === undefined ? {} : { answersTo: binary.answersTo }),
    };
  }
  return entries;
}

/** Writes the index and the links in bin/, unless both already say so. */
export async function publish(
  cache: CacheFolder,
  entries: Readonly<Record<string, IndexedArtefact>>,
): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const text = `${JSON.stringify(sorted, null, 2)}\n`;
  const present = await readFile(cache.index, "utf8").catch(absent);
  if (present === text && existsSync(cache.bin)) return;
  await mkdir(cache.bin, { recursive: true });
  for (const [artefact, entry] of Object.entries(sorted))
    for (const name of [artefact, ...(entry.answersTo ?? [])]) await link(cache.bin, name, entry.path);
  await writeWhole(cache.index, text);
}

async function link(folder: string, name: string, target: string): Promise<void> {
  const temporary = join(folder, `.${name}.${String(process.pid)}`);
  await rm(temporary, { force: true });
  await symlink(relative(folder, target), temporary);
  await rename(temporary, join(folder, name));
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${String(process.pid)}`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(join(folder, manifestName), "utf8").catch(absent);
  return text === undefined ? undefined : parseManifest(text);
}

/** A manifest that was cut off or is of another shape counts as none: the program is then built again. */
export function parseManifest(text: string): Manifest | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isManifest(parsed) ? parsed : undefined;
}

function isManifest(value: unknown): value is Manifest {
  return (
    isRecord(value) &&
    typeof value["version"] === "string" &&
    typeof value["compiler"] === "string" &&
    isRecord(value["files"]) &&
    Object.values(value["files"]).every(isStoredFile)
  );
}

export function isStoredFile(value: unknown): value is StoredFile {
  return (
    isRecord(value) &&
    typeof value["sha256"] === "string" &&
    typeof value["size"] === "number" &&
    typeof value["modified"] === "number"
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Not being there is an answer; anything else is an error. */
function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
    return;
  throw error;
}
