/**
 * The image of a pod's first process, made once of the binary beside which it lies: hosts import it in place of a
 * pull. Needs npm packages only where the image is still to be made.
 */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  type IndexedArtefact,
  isIntact,
  isRecord,
  isStoredFile,
  type StoredFile,
  storedFile,
} from "./artefact-store.ts";

/** What the image was made for, and what it was when it was made. */
interface Made {
  readonly reference: string;
  readonly file: StoredFile;
}

/** Makes the archive, for a reference such as `registry.k8s.io/pause:3.10`. */
export type MakeArchive = (binary: string, reference: string, file: string) => Promise<unknown>;

export async function pauseImage(
  pause: IndexedArtefact,
  reference: string,
  make: MakeArchive,
): Promise<IndexedArtefact> {
  const path = join(dirname(pause.path), "image.tar");
  const record = join(dirname(pause.path), "image.json");
  const made = parseMade(await readFile(record, "utf8").catch(() => ""));
  if (made?.reference === reference && (await isIntact(path, made.file)))
    return entryOf(pause, path, made.file);
  await make(pause.path, reference, path);
  const file = await storedFile(path);
  await writeFile(record, `${JSON.stringify({ reference, file } satisfies Made, null, 2)}\n`);
  return entryOf(pause, path, file);
}

function entryOf(pause: IndexedArtefact, path: string, { sha256, size }: StoredFile): IndexedArtefact {
  return { ...pause, path, sha256, size };
}

/** A record that was cut off, or none, counts as no image. */
function parseMade(text: string): Made | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || typeof parsed["reference"] !== "string" || !isStoredFile(parsed["file"]))
    return undefined;
  return { reference: parsed["reference"], file: parsed["file"] };
}
