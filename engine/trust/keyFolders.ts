import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Folders, Report } from "../context.ts";
import { diskFault, hasCode } from "../../errors/diskFault.ts";
import { messageOf } from "../../errors/fault.ts";
import { type PublicKey, readPublicKeys } from "./openpgp/publicKeys.ts";
import { imageNameOf, prefixesOf } from "./prefix.ts";

/** Where keys lie below the system's or the administrator's folder. */
export function rootFolder(configuration: string): string {
  return join(configuration, "trustedkeys", "root.d");
}

export function prefixFolder(configuration: string, prefix: string): string {
  return join(configuration, "trustedkeys", "prefix.d", prefix);
}

/**
 * The keys that are trusted for images of a name. Later folders may mask what earlier ones brought: an empty file takes
 * back the key of its name. The order is the system's root, the administrator's root, then the prefixes likewise, the
 * widest first.
 */
export async function keysTrustedFor(
  imageName: string,
  folders: Pick<Folders, "system" | "local">,
  report: Report,
): Promise<readonly PublicKey[]> {
  const prefixes = prefixesOf(imageNameOf(imageName));
  const order = [
    rootFolder(folders.system),
    rootFolder(folders.local),
    ...prefixes.map((prefix) => prefixFolder(folders.system, prefix)),
    ...prefixes.map((prefix) => prefixFolder(folders.local, prefix)),
  ];
  const trusted = new Map<string, PublicKey>();
  for (const folder of order) {
    for (const file of await keyFilesIn(folder)) {
      const bytes = await keyBytes(file);
      if (bytes.length === 0) {
        trusted.delete(basename(file).toLowerCase());
        continue;
      }
      try {
        for (const key of await readPublicKeys(bytes, file)) trusted.set(key.fingerprint, key);
      } catch (error) {
        // A key that cannot be read is one key less that is trusted, and no reason to distrust the others.
        report.warn(`ignoring a trusted key: ${messageOf(error)}`);
      }
    }
  }
  return [...trusted.values()];
}

/** Not to be passed over: what cannot be read may be the empty file that takes a key back. */
async function keyBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw diskFault(error);
  }
}

/** A key that a process is writing, or was; beside the place where it will be. */
export const unfinished = /\.(\d+)-\d+\.new$/;

/** Files of keys directly in a folder. Names with a leading dot are an editor's. */
async function keyFilesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith(".") && !unfinished.test(entry.name))
      .map((entry) => join(folder, entry.name))
      .sort();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
    throw diskFault(error);
  }
}
