import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { diskFault } from "../../errors/diskFault.ts";
import { TreeWriter } from "../images/unpack/TreeWriter.ts";
import type { LayerOptions } from "../images/unpack/TreeWriter.ts";
import { unpackFile, unpackStream } from "../images/unpack/unpack.ts";
import { damagedImage, reasonOf } from "./damage.ts";
import { wantedBy } from "./dependencies.ts";
import type { TreePart } from "./dependencies.ts";
import { imageIdOf } from "./keepAci.ts";
import { removeTree } from "./removeTree.ts";
import type { ImageRecord } from "./records.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { hashesOfTree } from "./treeHash.ts";
import { inTree } from "./treePlace.ts";
import { readVouched } from "./vouched.ts";

export type Warn = (text: string) => void;

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Makes a tree beside its place and moves it there. The caller holds the tree's lock. */
export async function renderTree(
  folders: StoreFolders,
  treeId: string,
  parts: readonly TreePart[],
  warn: Warn,
): Promise<void> {
  const beside = folders.newTemporary();
  try {
    const rootfs = join(beside, inTree.rootfs);
    mkdirSync(beside, { mode: 0o700 });
    mkdirSync(rootfs);
    await writeParts(folders, rootfs, parts, warn);
    const image = parts.at(-1)?.image;
    if (image === undefined) throw new Error("a tree of nothing");
    writeFileSync(join(beside, inTree.image), image.record.id);
    writeFileSync(
      join(beside, inTree.manifest),
      readVouched(folders, image.record.id)?.manifest ?? readFileSync(folders.manifest(image.record.id)),
    );
    writeFileSync(join(beside, inTree.hash), await hashesOfTree(rootfs));
    writeFileSync(join(beside, inTree.rendered), "");
    renameSync(beside, folders.tree(treeId));
  } catch (error) {
    removeTree(beside);
    throw diskFault(error);
  }
}

/** Puts the images' files into an empty folder, one over the other. */
export async function writeParts(
  folders: StoreFolders,
  rootfs: string,
  parts: readonly TreePart[],
  warn: Warn,
): Promise<void> {
  const tree = new TreeWriter(rootfs, { owners: isRoot(), warn });
  for (const part of parts) {
    const { record } = part.image;
    try {
      if (record.oci === undefined) {
        const wanted = wantedBy(part);
        await writeAci(folders, tree, record, { below: "rootfs", ...(wanted !== undefined && { wanted }) });
      } else {
        await writeLayers(folders, tree, record, record.oci);
      }
    } catch (error) {
      throw inImage(await reasonOf(error, folders, record), record);
    }
  }
  await tree.finish();
}

/** The bytes are hashed as they are read: what a disk made of them since the import is not run. */
export async function writeAci(
  folders: StoreFolders,
  tree: TreeWriter,
  record: ImageRecord,
  options: LayerOptions,
): Promise<void> {
  const hash = createHash("sha512");
  await unpackFile(tree, folders.aci(record.id), options, (piece) => hash.update(piece));
  const got = imageIdOf(hash.digest());
  if (got !== record.id) throw damagedImage(got, record.id);
}

async function writeLayers(
  folders: StoreFolders,
  tree: TreeWriter,
  record: ImageRecord,
  oci: NonNullable<ImageRecord["oci"]>,
): Promise<void> {
  const { readConfiguration } = await import("../images/oci/documents.ts");
  const described = readFileSync(folders.blob(oci.configDigest));
  const isDescription = `sha256:${createHash("sha256").update(described).digest("hex")}`;
  if (isDescription !== oci.configDigest) throw damagedImage(isDescription, record.id);
  const configuration = readConfiguration(described, record.name);
  const differences = configuration.rootfs.diff_ids ?? [];
  if (differences.length !== oci.layers.length) {
    throw new Fault({
      what: "the image's configuration and manifest disagree about its layers",
      got: `${differences.length} and ${oci.layers.length}`,
    });
  }
  for (const [index, { digest }] of oci.layers.entries()) {
    const path = folders.blob(digest);
    const hash = createHash("sha256");
    const content = createReadStream(path, { highWaterMark: 1024 * 1024 });
    await unpackStream(tree, content, { whiteouts: true }, (piece) => hash.update(piece));
    const got = `sha256:${hash.digest("hex")}`;
    if (got === differences[index]) continue;
    throw new Fault({
      what: "the image's configuration names another content for a layer than it has",
      got,
      allowed: differences[index] ?? "",
    });
  }
}

function inImage(error: unknown, record: ImageRecord): unknown {
  const fault = diskFault(error);
  return fault instanceof Fault && fault.details.where === undefined
    ? new Fault({ ...fault.details, where: record.name })
    : fault;
}
