import { chmodSync, closeSync, constants, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { diskFault, hasCode } from "../../errors/diskFault.ts";
import type { EngineContext } from "../context.ts";
import { replaceFileSync } from "../wholeFiles.ts";
import { DiskStore } from "./DiskStore.ts";
import { StoreFolders } from "./storeFolders.ts";
import { groupNumber, makeFolder, storeGroup } from "./storeModes.ts";

/** Raised when older engines could no longer read what a newer one writes. */
const VERSION = "1";

/** The store below the data folder; made when it is not there. One small read when it is. */
export function openStore(context: {
  readonly folders: Pick<EngineContext["folders"], "data">;
  readonly report: Pick<EngineContext["report"], "warn">;
}): Promise<DiskStore> {
  const { data } = context.folders;
  const folders = new StoreFolders(data);
  try {
    const version = readVersion(folders);
    if (version === undefined) {
      refuseForeignStore(folders);
      makeFolders(data, folders, context.report);
    } else if (version !== VERSION) {
      throw new Fault({
        what: `the store in ${folders.root} is of another version of the engine`,
        got: version,
        allowed: VERSION,
        remedy: "use the engine that made it, or remove the folder and fetch the images again",
      });
    }
  } catch (error) {
    return Promise.reject(asError(diskFault(error)));
  }
  return Promise.resolve(new DiskStore(folders, context.report));
}

function readVersion(folders: StoreFolders): string | undefined {
  try {
    return readFileSync(folders.version, "utf8").trim();
  } catch (error) {
    // Who may not look will be told which folder cannot be made, as rkt tells it.
    if (hasCode(error, "ENOENT", "EACCES")) return undefined;
    throw error;
  }
}

/** Upstream keeps its records in a database that this engine cannot read; its package makes an empty one. */
function refuseForeignStore(folders: StoreFolders): void {
  const database = join(folders.root, "db", "ql.db");
  let size: number;
  try {
    size = statSync(database).size;
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "ENOTDIR")) return;
    throw error;
  }
  if (size === 0) return;
  throw new Fault({
    what: "the store was left by another rkt, whose records this engine cannot read",
    where: database,
    remedy: `end its pods, move ${folders.root} away, and fetch the images again`,
  });
}

function makeFolders(
  data: string,
  folders: StoreFolders,
  report: Pick<EngineContext["report"], "warn">,
): void {
  const group = groupNumber(storeGroup);
  if (group === undefined && process.geteuid?.() === 0) {
    report.warn(`group "${storeGroup}" not found, will use default gid when rendering images`);
  }
  // Nobody but root says what is where: who could rename a folder could put another in its place.
  for (const folder of [data, folders.root]) makeFolder(folder, 0o2750, group);
  for (const folder of [
    folders.images,
    folders.manifests,
    folders.blobs,
    folders.remotes,
    folders.imageLocks,
    folders.membersTemporary,
  ]) {
    makeFolder(folder, 0o2770, group);
  }
  for (const folder of [folders.trees, folders.treeLocks, folders.temporary, folders.vouched]) {
    makeFolder(folder, 0o2700, group);
  }
  makeLockFile(folders.lock);
  replaceFileSync(folders.version, `${VERSION}\n`, { mode: 0o640, durable: true });
}

/** For whoever is first in a folder to which members of the group cannot add. */
function makeLockFile(path: string): void {
  closeSync(openSync(path, constants.O_RDONLY | constants.O_CREAT, 0o660));
  if (statSync(path).uid === process.geteuid?.()) chmodSync(path, 0o660);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
