import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { EmptyVolume, RuntimeApp } from "../../engine/appc/podManifest.ts";
import { Fault } from "../../errors/fault.ts";
import { emptyVolumeFolder, type AppMount } from "../appMounts.ts";
import type { PodToRun } from "../contract.ts";
import type { FstabLine } from "./fstab.ts";
import type { RootView } from "./rootView.ts";
import { mountPointsBelow } from "./submounts.ts";

/**
 * The lines that bring an app's mounts about, in their order. A read-only mount with everything below it is one line
 * for each mount that is there: `rbind,ro` would leave the inner ones writable.
 */
export function mountLines(
  mounts: readonly AppMount[],
  target: string,
  view: RootView,
  mountinfo: string,
): readonly FstabLine[] {
  return mounts.flatMap(({ source, destination, readOnly, recursive }) => {
    const stat = statSync(source, { throwIfNoEntry: false });
    if (stat === undefined) {
      throw new Fault({ what: `stat of host path ${source}: no such file or directory` });
    }
    const place = view.place(destination, stat.isDirectory() ? "folder" : "file");
    view.mounted(place, source, readOnly);
    const line = (below: string, options: readonly string[]): FstabLine => ({
      source: join(source, below),
      target: join(target, place, below),
      type: "none",
      options,
    });
    if (!readOnly) return [line("", [recursive ? "rbind" : "bind"])];
    const inner = recursive ? mountPointsBelow(source, mountinfo) : [];
    return ["", ...inner.map((point) => point.slice(source.length))].map((below) =>
      line(below, ["bind", "ro"]),
    );
  });
}

/** Makes the folders of the pod's empty volumes that an app uses. One that is there was made for another app. */
export function makeEmptyVolumes(pod: PodToRun, app: RuntimeApp): void {
  const used = new Set(app.mounts.map(({ volume }) => volume));
  const own = app.mounts.flatMap(({ appVolume }) => (appVolume === undefined ? [] : [appVolume]));
  const empty = [...pod.manifest.volumes.filter(({ name }) => used.has(name)), ...own].filter(
    (volume): volume is EmptyVolume => volume.kind === "empty",
  );
  for (const { name, mode, uid, gid } of empty) {
    const folder = emptyVolumeFolder(pod.folder, name);
    if (statSync(folder, { throwIfNoEntry: false }) !== undefined) continue;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const first = pod.userNamespace?.first ?? 0;
    chownSync(folder, first + uid, first + gid);
    chmodSync(folder, parseInt(mode, 8));
  }
}
