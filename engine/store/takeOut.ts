import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { copyFileSync, createReadStream, createWriteStream, existsSync, mkdirSync } from "node:fs";
import { renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { Fault } from "../../errors/fault.ts";
import { diskFault, hasCode } from "../../errors/diskFault.ts";
import { TreeWriter } from "../images/unpack/TreeWriter.ts";
import type { DiskStore } from "./DiskStore.ts";
import type { ImageId } from "./records.ts";
import { removeTree } from "./removeTree.ts";
import { isRoot, writeAci, writeParts } from "./renderTree.ts";
import { inTree } from "./treePlace.ts";

export interface TakeOutOptions {
  readonly overwrite: boolean;
  readonly rootfsOnly: boolean;
}

/** `rkt image export`: an ACI as it is in the store; of an OCI image, an ACI with its rendered tree. */
export async function exportImage(
  store: DiskStore,
  id: ImageId,
  output: string,
  { overwrite }: Pick<TakeOutOptions, "overwrite">,
): Promise<void> {
  if (!overwrite && existsSync(output)) throw new Fault({ what: "output ACI file exists (try --overwrite)" });
  const use = await store.use(id);
  const beside = besideOf(resolve(output));
  try {
    const { record } = await store.byId(id);
    const file = createWriteStream(beside, { flags: "wx", mode: 0o644, highWaterMark: 1024 * 1024 });
    if (record.kind === "aci") {
      await pipeline(createReadStream(store.folders.aci(id), { highWaterMark: 1024 * 1024 }), file);
    } else {
      const tree = await store.render(id);
      await writeArchive(dirname(tree.rootfs), file);
    }
    renameSync(beside, output);
  } catch (error) {
    rmSync(beside, { force: true });
    throw diskFault(error);
  } finally {
    use.release();
  }
}

/** `rkt image extract`: what is in this image alone, without what it depends on. */
export async function extractImage(
  store: DiskStore,
  id: ImageId,
  output: string,
  options: TakeOutOptions,
): Promise<void> {
  const { record } = await store.byId(id);
  // The layers of an OCI image mean nothing one by one.
  if (record.kind === "oci") {
    await renderImage(store, id, output, options);
    return;
  }
  await takeOut(store, id, output, options, async (folder, warn) => {
    const tree = new TreeWriter(folder, { owners: isRoot(), warn });
    await writeAci(store.folders, tree, record, options.rootfsOnly ? { below: "rootfs" } : {});
    await tree.finish();
  });
}

/** `rkt image render`: the image with all it depends on, as an app would find it. */
export async function renderImage(
  store: DiskStore,
  id: ImageId,
  output: string,
  options: TakeOutOptions,
): Promise<void> {
  const parts = await store.parts(id);
  await takeOut(store, id, output, options, async (folder, warn) => {
    if (options.rootfsOnly) {
      await writeParts(store.folders, folder, parts, warn);
      return;
    }
    const rootfs = join(folder, inTree.rootfs);
    mkdirSync(rootfs);
    await writeParts(store.folders, rootfs, parts, warn);
    copyFileSync(store.folders.manifest(id), join(folder, inTree.manifest));
  });
}

/** The folder appears when it is whole, and an old one goes only then. */
async function takeOut(
  store: DiskStore,
  id: ImageId,
  output: string,
  { overwrite }: TakeOutOptions,
  fill: (folder: string, warn: (text: string) => void) => Promise<void>,
): Promise<void> {
  const place = resolve(output);
  if (place === "/") throw new Fault({ what: "this would delete your root filesystem. Refusing." });
  if (!overwrite && existsSync(place)) throw new Fault({ what: "output directory exists (try --overwrite)" });
  const use = await store.use(id);
  const beside = besideOf(place);
  try {
    mkdirSync(dirname(place), { recursive: true });
    mkdirSync(beside);
    await fill(beside, (text) => {
      store.report.warn(text);
    });
    if (overwrite) removeTree(place);
    moveTo(beside, place);
  } catch (error) {
    removeTree(beside);
    throw diskFault(error);
  } finally {
    use.release();
  }
}

function moveTo(beside: string, place: string): void {
  try {
    renameSync(beside, place);
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY", "EEXIST")) throw error;
    throw new Fault({ what: "output directory exists (try --overwrite)" });
  }
}

function besideOf(place: string): string {
  return `${place}.${randomBytes(6).toString("hex")}.new`;
}

/** Files that came from an archive of ours and that nobody else writes to: tar itself can make it. */
async function writeArchive(tree: string, output: NodeJS.WritableStream): Promise<void> {
  const args = [
    ...["--create", "--file=-", "--format=posix", "--numeric-owner", "--sort=name"],
    ...["--xattrs", "--xattrs-include=security.capability", "--xattrs-include=user.*"],
    // The times of access and change would make every export another ACI.
    "--pax-option=delete=atime,delete=ctime",
    ...["--directory", tree, inTree.manifest, inTree.rootfs],
  ];
  const child = spawn("tar", args, { stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => said.push(text));
  const ended = new Promise<number | null>((resolved, reject) => {
    child.on("error", reject);
    child.on("close", resolved);
  });
  const [code] = await Promise.all([ended, pipeline(child.stdout, output)]);
  if (code !== 0) throw new Fault({ what: "tar could not make the archive", got: said.join("").trim() });
}
