import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { AppToRun } from "../../stage1/contract.ts";
import { inPod } from "./podFolders.ts";

/** How an app's root comes about, as it was prepared. */
export function appRoot(data: string, folder: string, app: string): AppToRun["root"] {
  const target = join(folder, inPod.appRootfs(app));
  const overlay = join(folder, inPod.overlay, app);
  if (statSync(overlay, { throwIfNoEntry: false }) === undefined) return { kind: "copy", target };
  const tree = readFileSync(join(folder, inPod.appTree(app)), "utf8");
  return {
    kind: "overlay",
    lower: join(data, "cas", "tree", tree, "rootfs"),
    upper: join(overlay, "upper"),
    work: join(overlay, "work"),
    target,
  };
}
