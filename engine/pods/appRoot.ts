import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { AppToRun } from "../../stage1/contract.ts";
import { inPod } from "./podFolders.ts";

/** How an app's root comes about, as it was prepared. */
export function appRoot(data: string, folder: string, app: string): AppToRun["root"] {
  const target = join(folder, inPod.appRootfs(app));
  return rootAt(data, join(folder, inPod.overlay, app), join(folder, inPod.appTree(app)), target);
}

export function stage1Root(data: string, folder: string): AppToRun["root"] {
  const target = join(folder, inPod.stage1Rootfs);
  return rootAt(data, join(folder, inPod.stage1Overlay), join(folder, inPod.stage1Tree), target);
}

function rootAt(data: string, overlay: string, treeFile: string, target: string): AppToRun["root"] {
  if (statSync(overlay, { throwIfNoEntry: false }) === undefined) return { kind: "copy", target };
  const tree = readFileSync(treeFile, "utf8");
  return {
    kind: "overlay",
    lower: join(data, "cas", "tree", tree, "rootfs"),
    upper: join(overlay, "upper"),
    work: join(overlay, "work"),
    target,
  };
}
