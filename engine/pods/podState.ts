import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { livingOwner, type Owner } from "./owner.ts";
import { inPod, podFolder, podStages, stageFolder, type PodStage } from "./podFolders.ts";
import type { PodState } from "./requests.ts";

export interface PodOnDisk {
  readonly uuid: string;
  readonly folder: string;
  readonly stage: PodStage;
  readonly state: PodState;
  readonly owner?: Owner;
}

/** The state that a folder and the life of its owner come to. */
export function stateOf(stage: PodStage, owned: boolean): PodState {
  switch (stage) {
    case "embryo":
      return "embryo";
    case "prepare":
      return owned ? "preparing" : "aborted prepare";
    case "prepared":
      return "prepared";
    case "run":
      return owned ? "running" : "exited";
    case "exited-garbage":
      return owned ? "exited deleting" : "exited garbage";
    case "garbage":
      return owned ? "deleting" : "garbage";
  }
}

/** Every pod there is. A pod that moves on while we look is told once, where it was met last. */
export function listPodFolders(data: string): readonly PodOnDisk[] {
  const found = new Map<string, PodOnDisk>();
  for (const stage of podStages) {
    for (const uuid of namesIn(stageFolder(data, stage))) {
      const pod = podAt(data, stage, uuid);
      if (pod !== undefined) found.set(uuid, pod);
    }
  }
  return [...found.values()];
}

/** The pod of a uuid or of the beginning of one; all of them where several begin so. */
export function podsBeginningWith(data: string, beginning: string): readonly PodOnDisk[] {
  const wanted = beginning.toLowerCase();
  return listPodFolders(data).filter((pod) => pod.uuid.startsWith(wanted));
}

export function podAt(data: string, stage: PodStage, uuid: string): PodOnDisk | undefined {
  const folder = podFolder(data, stage, uuid);
  const owner = livingOwner(folder);
  try {
    if (!statSync(folder).isDirectory()) return undefined;
  } catch {
    return undefined; // it has moved on since its name was read
  }
  return { uuid, folder, stage, state: stateOf(stage, owner !== undefined), ...(owner && { owner }) };
}

/** When a pod was made, and when its first process started. */
export function timesOf(folder: string): { readonly created?: Date; readonly started?: Date } {
  const created = timeOf(join(folder, inPod.created));
  const started = timeOf(join(folder, inPod.parentPid)) ?? timeOf(join(folder, inPod.pid));
  return { ...(created && { created }), ...(started && { started }) };
}

function timeOf(path: string): Date | undefined {
  try {
    return statSync(path).mtime;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith("."));
  } catch {
    return [];
  }
}
