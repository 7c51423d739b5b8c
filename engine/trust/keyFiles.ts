import { chmod, mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hasCode } from "../../errors/diskFault.ts";
import { Fault, messageOf } from "../../errors/fault.ts";
import { replaceFileSync } from "../wholeFiles.ts";
import { prefixFolder, rootFolder, unfinished } from "./keyFolders.ts";
import type { PublicKey } from "./openpgp/publicKeys.ts";

/** Group `rkt-admin`, which owns the folder of configuration, may add keys; folders inherit it by their setgid bit. */
const folderMode = 0o2775;
const keyMode = 0o644;

/** Writes a key where keys for a prefix (or, without one, for all images) are looked for; gives back its path. */
export async function storeKey(key: PublicKey, prefix: string | undefined, local: string): Promise<string> {
  const folder = prefix === undefined ? rootFolder(local) : prefixFolder(local, prefix);
  const file = join(folder, key.fingerprint);
  try {
    await makeFolders(local, folder);
    replaceFileSync(file, key.armored, { mode: keyMode, durable: true });
    await removeLeftovers(file);
  } catch (cause) {
    throw new Fault({
      what: `cannot write ${file}: ${messageOf(cause)}`,
      remedy: "become root, or a member of the group rkt-admin",
    });
  }
  return file;
}

/** Each missing folder is made by us and so may be given its mode; those that are there keep theirs. */
async function makeFolders(local: string, folder: string): Promise<void> {
  const missing: string[] = [];
  for (let at = folder; at !== local && at !== dirname(at); at = dirname(at)) missing.unshift(at);
  await mkdir(local, { recursive: true });
  for (const each of missing) {
    try {
      await mkdir(each);
    } catch (error) {
      if (hasCode(error, "EEXIST")) continue;
      throw error;
    }
    await chmod(each, folderMode);
  }
}

/** What a process that was killed in the middle left beside the key. Nobody reads it; it would only stay for ever. */
async function removeLeftovers(file: string): Promise<void> {
  for (const name of await readdir(dirname(file))) {
    const pid = unfinished.exec(name)?.[1];
    if (pid !== undefined && name.startsWith(basename(file)) && !(await isRunning(pid))) {
      await rm(join(dirname(file), name), { force: true });
    }
  }
}

async function isRunning(pid: string): Promise<boolean> {
  try {
    await stat(`/proc/${pid}`);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
