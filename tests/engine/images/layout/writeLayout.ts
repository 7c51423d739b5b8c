/** An OCI image layout for a test, out of what a fake registry holds. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { archiveOf } from "../unpack/archive.ts";

export interface LayoutContent {
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly entries: readonly object[];
}

export async function writeLayout(folder: string, { blobs, entries }: LayoutContent): Promise<void> {
  for (const [path, content] of filesOf({ blobs, entries })) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

export function layoutArchive(content: LayoutContent): Buffer {
  return archiveOf([...filesOf(content)].map(([name, bytes]) => ({ name, content: bytes })));
}

function* filesOf({ blobs, entries }: LayoutContent): Generator<[string, Buffer]> {
  yield ["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')];
  for (const [digest, bytes] of blobs) yield [`blobs/sha256/${digest.slice("sha256:".length)}`, bytes];
  yield ["index.json", Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries }))];
}
