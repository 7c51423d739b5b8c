import { existsSync, mkdirSync, renameSync, statSync, utimesSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "../../errors/fault.ts";
import { sweepTemporary } from "../store/gcStore.ts";
import { StoreFolders } from "../store/storeFolders.ts";
import type { PodParts } from "./parts.ts";
import { podFolder, podStages } from "./podFolders.ts";
import { listPodFolders, podAt, timesOf, type PodOnDisk } from "./podState.ts";
import { removeDeadPods, type Removal } from "./removePods.ts";
import type { CollectRequest } from "./requests.ts";

/** An embryo or a pod in preparation that has no owner is left alone this long: its maker writes the owner at once. */
const NEWBORN_MILLISECONDS = 10_000;

export interface Collection {
  readonly moved: readonly string[];
  readonly removed: readonly Removal[];
}

/** `rkt gc`: exited pods into the garbage, and what has lain there long enough out of it. */
export async function collectGarbage(
  parts: PodParts,
  request: CollectRequest,
  now = Date.now(),
): Promise<Collection> {
  const { data } = parts.context.folders;
  const moved: string[] = [];
  const doomed: PodOnDisk[] = [];
  for (const found of listPodFolders(data)) {
    const pod = found.state === "exited" ? markExited(parts, found, now) : found;
    if (pod === undefined) continue;
    if (found.state === "exited") moved.push(pod.uuid);
    if (isDoomed(pod, request, now)) doomed.push(pod);
  }
  if (request.markOnly) return { moved, removed: [] };
  const removed = await removeDeadPods(parts, doomed);
  await clearLeftovers(parts);
  return { moved, removed };
}

/** Networks of pods whose folders are gone, and what killed commands left half made in the store. */
async function clearLeftovers(parts: PodParts): Promise<void> {
  const { data } = parts.context.folders;
  const networking = await parts.networking();
  const gone = await networking.leftovers((uuid) =>
    podStages.some((stage) => existsSync(podFolder(data, stage, uuid))),
  );
  await Promise.all(gone.map((uuid) => networking.tearDown(podFolder(data, "garbage", uuid), uuid)));
  const folders = new StoreFolders(data);
  if (existsSync(folders.temporary)) sweepTemporary(folders);
}

function isDoomed(pod: PodOnDisk, request: CollectRequest, now: number): boolean {
  switch (pod.state) {
    case "exited garbage":
      return ageOf(pod, now) >= request.gracePeriodMilliseconds;
    case "garbage":
      return true;
    case "aborted prepare":
      return true;
    case "embryo":
      return pod.owner === undefined && ageOf(pod, now) >= NEWBORN_MILLISECONDS;
    case "prepared": {
      const created = timesOf(pod.folder).created?.getTime() ?? 0;
      return now - created >= request.expirePreparedMilliseconds;
    }
    case "preparing":
    case "running":
    case "deleting":
    case "exited":
    case "exited deleting":
      return false;
  }
}

/** The folder's time of change says since when a pod is garbage. */
function markExited(parts: PodParts, pod: PodOnDisk, now: number): PodOnDisk | undefined {
  const { data } = parts.context.folders;
  const marked = podFolder(data, "exited-garbage", pod.uuid);
  try {
    mkdirSync(dirname(marked), { recursive: true, mode: 0o750 });
    renameSync(pod.folder, marked);
    utimesSync(marked, now / 1000, now / 1000);
  } catch (error) {
    parts.context.report.debug(`another gc was faster with ${pod.uuid}: ${messageOf(error)}`);
  }
  return podAt(data, "exited-garbage", pod.uuid);
}

function ageOf(pod: PodOnDisk, now: number): number {
  const changed = statSync(pod.folder, { throwIfNoEntry: false })?.mtimeMs;
  return changed === undefined ? 0 : now - changed;
}
