/** Files that a command left behind, as Pulumi's assets. */
import { readdir } from "node:fs/promises";
import { join, matchesGlob, resolve } from "node:path";
import { digestOfFile } from "../../../files/digest.ts";
import type { Properties } from "../../../provider/protocol/value.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** Keyed by path within the folder. */
export async function assetsOf(folder: string, globs: readonly string[]): Promise<Properties> {
  const paths = selected(await filesUnder(folder), globs);
  const assets = await Promise.all(
    paths.map(async (path): Promise<[string, Properties]> => {
      const absolute = resolve(folder, path);
      return [path, { [SIGNATURE]: ASSET, path: absolute, hash: await digestOfFile(absolute) }];
    }),
  );
  return Object.fromEntries(assets);
}

export async function archiveOf(folder: string, globs: readonly string[]): Promise<Properties> {
  return { [SIGNATURE]: ARCHIVE, assets: await assetsOf(folder, globs) };
}

/** Rules count in their order; one that begins with `!` takes away what earlier ones chose. */
export function selected(files: readonly string[], globs: readonly string[]): string[] {
  return files.filter((file) =>
    globs.reduce((chosen, glob) => {
      const excludes = glob.startsWith("!");
      return matchesGlob(file, excludes ? glob.slice(1) : glob) ? !excludes : chosen;
    }, false),
  );
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const start = resolve(folder);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => resolve(join(entry.parentPath, entry.name)).slice(start.length + 1))
    .sort();
}
