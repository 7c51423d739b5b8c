import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeApp } from "../../engine/appc/podManifest.ts";
import { nameFiles, volumeMounts } from "../appMounts.ts";
import type { AppToRun, PodToRun } from "../contract.ts";
import { rootLine, type FstabLine } from "./fstab.ts";
import { RootView } from "./rootView.ts";
import { makeEmptyVolumes, mountLines } from "./volumeLines.ts";

/** An app whose pod has a first process of its own: its root, its volumes, its files of names. */
export function appLines(
  pod: PodToRun,
  app: RuntimeApp,
  root: AppToRun["root"],
  mountinfo: string,
): readonly FstabLine[] {
  const view = new RootView(root, pod.userNamespace?.first);
  // What is put there inside the pod has to have its place: nothing can be made in a root that is read-only.
  for (const folder of ["/proc", "/dev", "/sys"]) view.mounted(view.place(folder, "folder"), folder, false);
  makeEmptyVolumes(pod, app);
  const lines = [
    rootLine(root, app.readOnlyRootFS),
    ...mountLines([...volumeMounts(pod, app), ...nameFiles(pod)], root.target, view, mountinfo),
  ];
  if (pod.hosts !== "default" || view.isThere("/etc/hosts")) return lines;
  const fallback = join(pod.folder, "hosts-fallback");
  writeFileSync(fallback, `127.0.0.1 localhost localdomain ${pod.hostname}\n`, { mode: 0o644 });
  return [
    ...lines,
    {
      source: fallback,
      target: join(root.target, view.place("/etc/hosts", "file")),
      type: "none",
      options: ["bind"],
    },
  ];
}
