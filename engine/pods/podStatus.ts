import { existsSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findPod } from "./findPod.ts";
import { flavourOf } from "./flavourOfPod.ts";
import { inPod, stage1Notes } from "./podFolders.ts";
import type { PodOnDisk } from "./podState.ts";
import { viewPod } from "./podView.ts";
import type { PodView, StatusRequest, Waiting } from "./requests.ts";

/** Nothing in the file system changes when a process ends, so whoever waits for that asks this often. */
const BETWEEN_QUESTIONS_MILLISECONDS = 50;

export interface PodStatus {
  readonly view: PodView;
  /** False where a wait was over before what it waited for came about. */
  readonly inTime: boolean;
}

/** `rkt status`: a pod as it is, after waiting for what was asked for. */
export async function podStatus(data: string, request: StatusRequest): Promise<PodStatus> {
  const { uuid } = findPod(data, request.uuid);
  const ready = await until(data, uuid, request.waitReady, (pod) => hasEnded(pod) || isReady(pod));
  const finished = await until(data, uuid, request.waitFinished, hasEnded);
  return { view: viewPod(findPod(data, uuid)), inTime: ready && finished };
}

async function until(
  data: string,
  uuid: string,
  waiting: Waiting,
  holds: (pod: PodOnDisk) => boolean,
): Promise<boolean> {
  if (!waiting.wait) return true;
  const deadline = waiting.milliseconds === undefined ? Infinity : performance.now() + waiting.milliseconds;
  for (;;) {
    if (holds(findPod(data, uuid))) return true;
    if (performance.now() >= deadline) return false;
    await delay(BETWEEN_QUESTIONS_MILLISECONDS);
  }
}

function hasEnded({ state }: PodOnDisk): boolean {
  return (
    state === "exited" || state === "exited garbage" || state === "exited deleting" || state === "garbage"
  );
}

/** The pod's first process says so, once it has started every app. A pod of fly becomes its app, and has no other. */
function isReady({ state, folder }: PodOnDisk): boolean {
  if (state !== "running") return false;
  try {
    if (flavourOf(folder) === "fly") return existsSync(join(folder, inPod.pid));
    return readlinkSync(join(stage1Notes(folder), "supervisor-status")) === "ready";
  } catch {
    return false;
  }
}
