import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * Where pods are kept. The folder that a pod lies in is most of its state, and it changes by rename alone:
 *
 *   embryo → prepare → prepared → run → exited-garbage
 *                 ╰──────────╰─→ garbage
 */
export const podStages = ["embryo", "prepare", "prepared", "run", "exited-garbage", "garbage"] as const;

export type PodStage = (typeof podStages)[number];

export function stageFolder(data: string, stage: PodStage): string {
  return join(data, "pods", stage);
}

export function podFolder(data: string, stage: PodStage, uuid: string): string {
  return join(data, "pods", stage, uuid);
}

/** What lies in a pod's folder, in rkt's own layout where that is known. */
export const inPod = {
  manifest: "pod",
  /** Its time of change says when the pod was made. */
  /** Held by whoever changes the apps of a running pod. */
  manifestLock: "pod.lck",
  created: "pod-created",
  owner: "owner",
  /** Held by whoever takes a prepared pod, to run it or to remove it. */
  startLock: "start.lck",
  /** The pid of what waits for the pod's first process. */
  parentPid: "ppid",
  pid: "pid",
  /** First and count of the host's users that are the pod's own. */
  privateUsers: "private-users-prepared",
  netns: "netns",
  netInfo: "net-info.json",
  resolvConf: "resolv.conf",
  hosts: "hosts",
  flavor: "flavor",
  stage1Manifest: join("stage1", "manifest"),
  stage1Tree: "stage1TreeStoreID",
  /** Of a foreign stage1; no app can have this name. */
  stage1Overlay: join("overlay", ".stage1"),
  stage1Rootfs: join("stage1", "rootfs"),
  statuses: join("stage1", "rootfs", "rkt", "status"),
  overlay: "overlay",
  sharedVolumes: "sharedVolumes",
  appManifest: (app: string): string => join("appsinfo", app, "manifest"),
  /** Of a pod whose apps are started one by one. */
  appStarted: (app: string): string => join("appsinfo", app, "started"),
  appTree: (app: string): string => join("appsinfo", app, "treeStoreID"),
  appRootfs: (app: string): string => join("stage1", "rootfs", "opt", "stage2", app, "rootfs"),
} as const;

/** `rkt/` of stage1's root as the host can read it: what a foreign stage1 writes goes to the overlay's upper folder. */
export function stage1Notes(folder: string): string {
  const upper = join(folder, inPod.stage1Overlay, "upper");
  return join(existsSync(upper) ? upper : join(folder, inPod.stage1Rootfs), "rkt");
}

/** The annotation of a pod whose apps may change while it runs. */
export const mutableAnnotation = "coreos.com/rkt/stage1/mutable";
