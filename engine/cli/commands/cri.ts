import { readCriConfiguration } from "../../cri/configuration.ts";
import { serveCri } from "../../cri/serveCri.ts";
import { tellReady } from "../../cri/server/systemdReady.ts";
import { treesOfPods } from "../../pods/treesOfPods.ts";
import { removeTreesOf } from "../../store/gcStore.ts";
import { untilTold } from "../../services/untilTold.ts";
import { openTrustStore } from "../../trust/openTrustStore.ts";
import type { Command } from "../command.ts";
import { openStoreFor } from "../permissions.ts";
import { engineVersion } from "./version.ts";

export const cri: Command = async ({ flags, context, report }) => {
  const configuration = readCriConfiguration(flags.text("config"));
  const store = await openStoreFor(context());
  const trust = await openTrustStore(context().folders, report);
  const server = await serveCri({
    context: context(),
    store,
    trust,
    configuration,
    engineVersion: engineVersion(),
    removeTreesOf: (image) => removeTreesOf(store, image, () => treesOfPods(context().folders.data)),
  });
  await tellReady(process.env);
  report.line(`cri: serving the kubelet at unix://${configuration.listen}`);
  await untilTold();
  report.line("cri: ending");
  await server.close();
  return 0;
};
