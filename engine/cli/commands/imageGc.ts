import { treesOfPods } from "../../pods/treesOfPods.ts";
import { gcStore } from "../../store/gcStore.ts";
import type { Command } from "../command.ts";
import { openStoreFor } from "../permissions.ts";

const day = 86_400_000;

export const imageGc: Command = async ({ flags, context, print, report }) => {
  const settings = context();
  const store = await openStoreFor(settings);
  const { trees, images, leftovers } = await gcStore(store, {
    gracePeriodMilliseconds: flags.duration("grace-period", day),
    treesInUse: () => treesOfPods(settings.folders.data),
  });
  for (const tree of trees) report.line(`gc: removed treestore "${tree}"`);
  for (const id of images) print(`successfully removed aci for image: "${id}"`);
  if (leftovers > 0) report.debug(`gc: removed ${leftovers} files that killed commands had left`);
  return 0;
};
