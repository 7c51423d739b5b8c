/** The flavours of stage1 and their programs for a checkout that is tried out: what `/usr/lib/rkt` holds of them. */
import { chmod, copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { PackedFile } from "./packedFile.ts";

const flavours = /^\/usr\/lib\/rkt(\/stage1(?:-images|-entry)?(?:\/.*)?)$/;

export async function layLibrary(files: readonly PackedFile[], folder: string): Promise<void> {
  const draft = `${folder}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  for (const { path, mode, from } of files) {
    const inside = flavours.exec(path)?.[1];
    if (inside === undefined) continue;
    const target = join(draft, inside);
    await mkdir(dirname(target), { recursive: true });
    if (from.kind === "bytes") await writeFile(target, from.bytes, { mode });
    else if (from.kind === "file") await copyWithMode(from.file, target, mode);
  }
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
}

async function copyWithMode(file: string, target: string, mode: number): Promise<void> {
  await copyFile(file, target);
  await chmod(target, mode);
}
