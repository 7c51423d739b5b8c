/** The image of a pod's first process, from the static binary that the tools build, as an archive to import. */
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestOfFile } from "../../files/digest.ts";
import { packFolder, writeLayout } from "./oci.ts";

export interface ImageArchive {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/**
 * Writes `file`, a tarball that `ctr images import` takes and that is the same, byte for byte, for the same
 * binary and reference. Needs no root.
 */
export async function pauseArchive(binary: string, reference: string, file: string): Promise<ImageArchive> {
  await mkdir(dirname(file), { recursive: true });
  const scratch = await mkdtemp(join(dirname(file), "pause-"));
  try {
    const tree = join(scratch, "tree");
    const layout = join(scratch, "layout");
    await mkdir(tree, { mode: 0o755 });
    await copyFile(binary, join(tree, "pause"));
    await chmod(join(tree, "pause"), 0o755);
    await packFolder(tree, join(scratch, "layer.tar"), true);
    const tag = reference.slice(reference.lastIndexOf(":") + 1);
    const config = { Entrypoint: ["/pause"], User: "65535:65535", WorkingDir: "/" };
    await writeLayout(layout, join(scratch, "layer.tar"), [
      { name: tag, config, annotations: { "io.containerd.image.name": reference } },
    ]);
    await packFolder(layout, join(scratch, "archive.tar"), true);
    await rename(join(scratch, "archive.tar"), file);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return { path: file, sha256: await digestOfFile(file), size: (await stat(file)).size };
}
