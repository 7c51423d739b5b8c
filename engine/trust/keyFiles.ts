import { randomUUID } from "node:crypto";
import { chmod, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Fault, messageOf } from "../../errors/fault.ts";
import { prefixFolder, rootFolder } from "./keyFolders.ts";
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
    await replaceFile(file, key.armored);
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
      if (error instanceof Error && "code" in error && error.code === "EEXIST") continue;
      throw error;
    }
    await chmod(each, folderMode);
  }
}

async function replaceFile(file: string, text: string): Promise<void> {
  // With a leading dot, which readers of the folder pass over.
  const unfinished = join(dirname(file), `.${randomUUID()}`);
  try {
    const handle = await open(unfinished, "wx", keyMode);
    try {
      await handle.writeFile(text);
      await handle.chmod(keyMode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
