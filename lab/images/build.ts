/** Builds the lab's images into the cache: packages unpacked into a tree, the tree packed as a layer. */
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { machineAptSettings, machineSources, renderSources } from "../apt-sources.ts";
import { isThere } from "../files.ts";
import { withLock, type Lock } from "../lock.ts";
import type { LabOptions } from "../options.ts";
import { run } from "../program.ts";
import { catalogueKey, layerPackages, layerScripts, layoutImages } from "./catalogue.ts";
import { packFolder, writeLayout } from "./oci.ts";

/** Images' own release: the hosts may be of another. */
export const imageRelease = "trixie";

/**
 * Debian packages with what they depend on, unpacked into a new tree. Unpacked only: no maintainer script runs, and
 * nothing is needed beyond what the programs load.
 */
export async function unpackPackages(
  tree: string,
  packages: readonly string[],
  lock: Lock,
  options: LabOptions,
): Promise<void> {
  const sourcesFile = `${tree}.sources`;
  await writeFile(sourcesFile, renderSources(await machineSources(), imageRelease));
  await run(
    "mmdebstrap",
    [
      "--mode=root",
      "--variant=extract",
      "--format=directory",
      `--include=${packages.join(",")}`,
      ...(await machineAptSettings()).map((line) => `--aptopt=${line}`),
      imageRelease,
      tree,
      sourcesFile,
    ],
    { purpose: "unpack the packages of images", signal: options.signal, holding: lock },
  );
}

/** The folder of an OCI image layout with all of the lab's images. */
export async function imageLayout(options: LabOptions): Promise<string> {
  const folder = join(options.folders.cache, "images", catalogueKey(imageRelease));
  if (await isThere(folder)) return folder;
  return withLock(
    `${folder}.lock`,
    async (lock) => {
      if (!(await isThere(folder))) await build(folder, lock, options);
      return folder;
    },
    options.signal,
  );
}

async function build(folder: string, lock: Lock, options: LabOptions): Promise<void> {
  const began = performance.now();
  const partial = `${folder}.partial`;
  const tree = join(partial, "tree");
  // Left by a builder that was killed; nobody else has this name while the lock is held.
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  options.progress("images: fetching Debian's nginx, curl and busybox (once)");
  await unpackPackages(tree, layerPackages, lock, options);
  await run("sh", ["-s", tree], {
    input: await readFile(layerScripts.finish, "utf8"),
    purpose: "finish the images' files",
  });
  const entryPoint = join(tree, "usr/local/bin/serve-nginx");
  await copyFile(fileURLToPath(layerScripts.serve), entryPoint);
  await chmod(entryPoint, 0o755);
  options.progress("images: packing");
  await packFolder(tree, join(partial, "layer.tar"), false);
  const layout = join(partial, "layout");
  await writeLayout(layout, join(partial, "layer.tar"), layoutImages());
  await rename(layout, folder);
  await rm(partial, { recursive: true });
  options.progress(`images: built in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}
