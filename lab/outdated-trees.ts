/** Base trees of recipes that are no longer in use: each is some hundred megabytes. */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isMissing, isThere } from "./files.ts";
import type { LabFolders } from "./folders.ts";
import { readHostRecord } from "./host-record.ts";
import { run } from "./program.ts";

/** Another checkout may be about to make a host on a tree that no host uses yet. */
const youthMilliseconds = 3_600_000;

/** Removes trees like `current`, of the same release and kind, that are old and on which no host lies. */
export async function removeOutdatedTrees(
  current: string,
  family: string,
  folders: LabFolders,
): Promise<void> {
  const used = await treesInUse(folders);
  const like = new RegExp(`^${family}-[0-9a-f]{12}$`);
  for (const name of await readdir(folders.lab)) {
    const tree = join(folders.lab, name);
    if (!like.test(name) || tree === current || used.has(tree)) continue;
    if (Date.now() - (await stat(tree)).mtimeMs < youthMilliseconds) continue;
    await run("rm", ["-rf", "--one-file-system", tree, `${tree}.ext4`]);
  }
}

/** Tests have state folders of their own beside the usual one; their hosts count as well. */
async function treesInUse(folders: LabFolders): Promise<Set<string>> {
  const used = new Set<string>();
  for (const state of await foldersIn(folders.lab)) {
    // Base trees look like state folders from here, and hold thousands of folders but no host.
    if (basename(state).startsWith("base-")) continue;
    for (const network of await foldersIn(state)) {
      for (const host of await foldersIn(network)) {
        if (!(await isThere(join(host, "host.json")))) continue;
        const record = await readHostRecord(host);
        if (record !== undefined) used.add(record.base);
      }
    }
  }
  return used;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}
