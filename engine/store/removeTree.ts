import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { hasCode } from "../../errors/diskFault.ts";
import { asKey, asPath } from "../images/unpack/memberName.ts";

/**
 * Removes a folder with all that is in it, whatever its names are made of and whether or not its modes let us: images
 * have folders that their owner may not write to. Nothing there is no error. Follows no link.
 */
export function removeTree(folder: string): void {
  remove(asKey(Buffer.from(folder)));
}

function remove(key: string): void {
  const path = asPath(key);
  try {
    if (!lstatSync(path).isDirectory()) {
      unlinkSync(path);
      return;
    }
    if (process.geteuid?.() !== 0) chmodSync(path, 0o700);
    for (const name of readdirSync(path, { encoding: "latin1" })) remove(`${key}/${name}`);
    rmdirSync(path);
  } catch (error) {
    // Somebody else removes it too.
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
