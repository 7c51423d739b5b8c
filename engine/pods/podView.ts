import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { emptyVolumeFolder } from "../../stage1/appMounts.ts";
import { parsePodManifest } from "../appc/parsePodManifest.ts";
import type { PodManifest, RuntimeApp, Volume } from "../appc/podManifest.ts";
import { inPod, mutableAnnotation, stage1Notes } from "./podFolders.ts";
import { timesOf, type PodOnDisk } from "./podState.ts";
import type { AttachedNetwork } from "../network/podNetwork.ts";
import type { AppView, PodView } from "./requests.ts";

/** What `rkt list` and `rkt status` show. What is not there yet, or not any more, is left out. */
export function viewPod(pod: PodOnDisk): PodView {
  const manifest = readManifest(pod.folder);
  const { created, started } = timesOf(pod.folder);
  const pid = pod.state === "running" ? firstProcess(pod.folder) : undefined;
  return {
    uuid: pod.uuid,
    state: pod.state,
    ...(created && { createdAt: created.getTime() }),
    ...(started && { startedAt: started.getTime() }),
    networks: readNetworks(pod.folder),
    apps: manifest?.apps.map((app) => viewApp(pod, manifest, app, started)) ?? [],
    ...(pid !== undefined && { pid }),
    userAnnotations: manifest?.userAnnotations ?? {},
    userLabels: manifest?.userLabels ?? {},
  };
}

/** The manifest as this engine wrote it when the pod was prepared. */
export function readManifest(folder: string): PodManifest | undefined {
  const text = read(join(folder, inPod.manifest));
  return text === undefined ? undefined : parsePodManifest(text);
}

export function exitCodeOf(folder: string, app: string): number | undefined {
  const text = read(statusFile(folder, app));
  return text === undefined ? undefined : Number(text);
}

function viewApp(pod: PodOnDisk, manifest: PodManifest, app: RuntimeApp, started: Date | undefined): AppView {
  const exitCode = exitCodeOf(pod.folder, app.name);
  const version = app.image.labels.find(({ name }) => name === "version")?.value;
  const finished = exitCode === undefined ? undefined : changed(statusFile(pod.folder, app.name));
  return {
    name: app.name,
    imageId: app.image.id,
    imageName: `${app.image.name ?? ""}${version === undefined ? "" : `:${version}`}`,
    state: stateOfApp(pod, manifest, app.name, exitCode),
    ...(changed(join(pod.folder, inPod.appTree(app.name))) !== undefined && {
      createdAt: changed(join(pod.folder, inPod.appTree(app.name))) ?? 0,
    }),
    ...(started && { startedAt: started.getTime() }),
    ...(finished !== undefined && { finishedAt: finished }),
    ...(exitCode !== undefined && { exitCode }),
    mounts: app.mounts.flatMap((mount) => {
      const volume = mount.appVolume ?? manifest.volumes.find(({ name }) => name === mount.volume);
      if (volume === undefined) return [];
      return [
        {
          name: volume.name,
          containerPath: mount.path,
          hostPath: placeOf(pod.folder, volume),
          readOnly: volume.readOnly,
        },
      ];
    }),
    userAnnotations: app.app?.userAnnotations ?? {},
    userLabels: app.app?.userLabels ?? {},
  };
}

function stateOfApp(
  pod: PodOnDisk,
  manifest: PodManifest,
  app: string,
  exitCode: number | undefined,
): AppView["state"] {
  if (exitCode !== undefined) return "exited";
  const isMutable = manifest.annotations.some(({ name }) => name === mutableAnnotation);
  if (isMutable && changed(join(pod.folder, inPod.appStarted(app))) === undefined) return "created";
  switch (pod.state) {
    case "running":
      return "running";
    case "prepared":
    case "preparing":
    case "embryo":
      return "created";
    case "exited":
    case "exited garbage":
    case "exited deleting":
      return "exited";
    case "aborted prepare":
    case "deleting":
    case "garbage":
      return "unknown";
  }
}

function placeOf(folder: string, volume: Volume): string {
  return volume.kind === "host" ? volume.source : emptyVolumeFolder(folder, volume.name);
}

/** The pod's first process: `pid` where a flavour wrote it, else the only child of `ppid`. */
export function firstProcess(folder: string): number | undefined {
  const pid = read(join(folder, inPod.pid))?.trim();
  if (pid !== undefined) return Number(pid);
  const parent = read(join(folder, inPod.parentPid))?.trim();
  if (parent === undefined) return undefined;
  const child = read(`/proc/${parent}/task/${parent}/children`)?.trim().split(" ")[0];
  return child === undefined || child === "" ? undefined : Number(child);
}

function readNetworks(folder: string): readonly AttachedNetwork[] {
  const text = read(join(folder, inPod.netInfo));
  return text === undefined ? [] : (JSON.parse(text) as readonly AttachedNetwork[]);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function changed(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function statusFile(folder: string, app: string): string {
  return join(stage1Notes(folder), "status", app);
}
