import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../errors/diskFault.ts";
import { inPod } from "./podFolders.ts";
import { listPodFolders } from "./podState.ts";

/** The rendered trees that pods were made of, running or not: what image gc has to leave. */
export function treesOfPods(data: string): ReadonlySet<string> {
  const trees = new Set<string>();
  for (const { folder } of listPodFolders(data)) {
    const files = [inPod.stage1Tree, ...namesIn(join(folder, "appsinfo")).map(inPod.appTree)];
    for (const file of files) {
      const tree = textOf(join(folder, file))?.trim();
      if (tree !== undefined && tree !== "") trees.add(tree);
    }
  }
  return trees;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
