/** Rebuilds the images of critest from Debian packages, once, into the cache; signs them as they are made. */
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isThere } from "../../../lab/files.ts";
import { imageRelease, unpackPackages } from "../../../lab/images/build.ts";
import { packFolder, writeLayout } from "../../../lab/images/oci.ts";
import { withLock, type Lock } from "../../../lab/lock.ts";
import type { LabOptions } from "../../../lab/options.ts";
import { run } from "../../../lab/program.ts";
import { nameOf, recipeKey, testImages, treePackages } from "./catalogue.ts";
import { signLayout } from "./signatures.ts";

export interface BuiltImages {
  /** An OCI layout with the images and their signatures. */
  readonly layout: string;
  /** Of the key that signed them, as a policy takes it. */
  readonly publicKey: string;
}

export async function builtImages(pauseProgram: string, options: LabOptions): Promise<BuiltImages> {
  const folder = join(options.folders.cache, "conformance", recipeKey(imageRelease));
  if (!(await isThere(folder))) {
    await mkdir(join(options.folders.cache, "conformance"), { recursive: true });
    await withLock(
      `${folder}.lock`,
      async (lock) => {
        if (!(await isThere(folder))) await build(folder, pauseProgram, lock, options);
      },
      options.signal,
    );
  }
  return {
    layout: join(folder, "layout"),
    publicKey: await readFile(join(folder, "signer.pub"), "utf8"),
  };
}

async function build(folder: string, pauseProgram: string, lock: Lock, options: LabOptions): Promise<void> {
  const partial = `${folder}.partial`;
  const tree = join(partial, "tree");
  const made = join(partial, "made");
  // Left by a builder that was killed; nobody else has this name while the lock is held.
  await rm(partial, { recursive: true, force: true });
  await mkdir(made, { recursive: true });
  options.progress("critest's images: fetching Debian's busybox, nginx and a few more (once)");
  await unpackPackages(tree, treePackages, lock, options);
  const finish = new URL("finish-tree.sh", import.meta.url);
  await run("sh", ["-s", tree, pauseProgram], {
    input: await readFile(finish, "utf8"),
    purpose: "finish the tree of critest's images",
  });
  options.progress("critest's images: packing and signing");
  await packFolder(tree, join(partial, "layer.tar"), false);
  const layout = join(made, "layout");
  const images = testImages.map((image) => ({ name: nameOf(image), config: image.config }));
  await writeLayout(layout, join(partial, "layer.tar"), images);
  await signLayout(layout, testImages, join(made, "signer.pub"));
  await rename(made, folder);
  await rm(partial, { recursive: true });
}
