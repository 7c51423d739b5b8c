import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inPod } from "../../engine/pods/podFolders.ts";
import { Fault } from "../../errors/fault.ts";
import { childrenOf } from "../starting/processes.ts";

/** The pod's first process as the host numbers it: the only child of what waits for it. */
export function firstProcessOf(folder: string): number {
  const [child] = childrenOf(Number(readFileSync(join(folder, inPod.parentPid), "utf8")));
  if (child === undefined)
    throw new Fault({ what: "the pod has not started yet, or has just ended", where: folder });
  return child;
}
