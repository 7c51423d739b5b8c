import { join } from "node:path";
import type { RuntimeApp, Volume } from "../engine/appc/podManifest.ts";
import type { PodToRun } from "./contract.ts";

/** Something of the host or of the pod that an app sees at a place of its own. */
export interface AppMount {
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
  readonly recursive: boolean;
}

/** Where an empty volume of a pod lies until the pod is collected. */
export function emptyVolumeFolder(podFolder: string, volume: string): string {
  return join(podFolder, "sharedVolumes", volume);
}

/** The volumes of an app, in the order in which they are to be mounted: what holds others before what they hold. */
export function volumeMounts(
  pod: Pick<PodToRun, "manifest" | "folder">,
  app: RuntimeApp,
): readonly AppMount[] {
  const volumes = new Map<string, Volume>(pod.manifest.volumes.map((volume) => [volume.name, volume]));
  const points = new Map((app.app?.mountPoints ?? []).map((point) => [point.path, point]));
  return app.mounts
    .map((mount): AppMount => {
      const volume = mount.appVolume ?? volumes.get(mount.volume);
      if (volume === undefined) throw new Error(`${app.name}: no volume ${mount.volume}`);
      const readOnly = volume.readOnly || points.get(mount.path)?.readOnly === true;
      return volume.kind === "host"
        ? { source: volume.source, destination: mount.path, readOnly, recursive: volume.recursive }
        : {
            source: emptyVolumeFolder(pod.folder, volume.name),
            destination: mount.path,
            readOnly,
            recursive: false,
          };
    })
    .sort((one, other) => depthOf(one.destination) - depthOf(other.destination));
}

/** resolv.conf and hosts, where they are not the image's own. */
export function nameFiles(pod: Pick<PodToRun, "folder" | "resolvConf" | "hosts">): readonly AppMount[] {
  const file = (source: string, destination: string): AppMount => ({
    source,
    destination,
    readOnly: false,
    recursive: false,
  });
  const mounts: AppMount[] = [];
  if (pod.resolvConf === "host")
    mounts.push({ ...file("/etc/resolv.conf", "/etc/resolv.conf"), readOnly: true });
  if (pod.resolvConf === "stage0") mounts.push(file(join(pod.folder, "resolv.conf"), "/etc/resolv.conf"));
  if (pod.hosts === "host") mounts.push({ ...file("/etc/hosts", "/etc/hosts"), readOnly: true });
  if (pod.hosts === "stage0") mounts.push(file(join(pod.folder, "hosts"), "/etc/hosts"));
  return mounts;
}

function depthOf(path: string): number {
  return path.split("/").filter((part) => part !== "").length;
}
