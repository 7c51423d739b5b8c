import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { listRecords, readRecord } from "./imageRecords.ts";
import type { ImageId, ImageRecord } from "./records.ts";
import { imageOfRemote } from "./remoteRecords.ts";
import type { StoreFolders } from "./storeFolders.ts";
import { forgetVouched } from "./vouched.ts";

/** The record goes first: from then on there is no such image, and whatever else is left of it is gc's. */
export function removeImage(folders: StoreFolders, id: ImageId): void {
  const record = readRecord(folders, id);
  if (record === undefined) throw new Fault({ what: `image ${id} is not in the store` });
  rmSync(folders.record(id), { force: true });
  forgetVouched(folders, id);
  rmSync(folders.manifest(id), { force: true });
  rmSync(folders.aci(id), { force: true });
  const stillNeeded = blobsOf(listRecords(folders));
  for (const digest of blobsOf([record])) {
    if (!stillNeeded.has(digest)) rmSync(folders.blob(digest), { force: true });
  }
  for (const name of readdirSync(folders.remotes)) {
    const path = join(folders.remotes, name);
    if (name.endsWith(".json") && imageOfRemote(readFileSync(path, "utf8")) === id)
      rmSync(path, { force: true });
  }
  rmSync(folders.imageLock(id), { force: true });
}

/** The blobs that these images are made of. */
export function blobsOf(records: readonly ImageRecord[]): Set<string> {
  return new Set(
    records.flatMap(({ oci }) =>
      oci === undefined
        ? []
        : [oci.manifestDigest, oci.configDigest, ...oci.layers.map(({ digest }) => digest)],
    ),
  );
}
