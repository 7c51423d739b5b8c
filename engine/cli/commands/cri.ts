import { readCriConfiguration } from "../../cri/configuration.ts";
import { serveCri, type CriParts } from "../../cri/serveCri.ts";
import { feedWatchdog, tellReady } from "../../cri/server/systemd.ts";
import { treesOfPods } from "../../pods/treesOfPods.ts";
import { removeTreesOf } from "../../store/gcStore.ts";
import { inheritedSockets } from "../../services/inheritedSockets.ts";
import { nameOf, type Place } from "../../services/listen.ts";
import { untilTold } from "../../services/untilTold.ts";
import { openTrustStore } from "../../trust/openTrustStore.ts";
import type { Command } from "../command.ts";
import { openStoreFor } from "../permissions.ts";
import { engineVersion } from "./version.ts";

export const cri: Command = async ({ flags, context, report }) => {
  const configuration = readCriConfiguration(flags.text("config"));
  const store = await openStoreFor(context());
  const trust = await openTrustStore(context().folders, report);
  const places = placesFor(configuration.listen, inheritedSockets(process.env));
  const parts: CriParts = {
    context: context(),
    store,
    trust,
    configuration,
    engineVersion: engineVersion(),
    removeTreesOf: (image) => removeTreesOf(store, image, () => treesOfPods(context().folders.data)),
  };
  const server = await serveCri(parts, places);
  await tellReady(process.env);
  const rest = feedWatchdog(process.env);
  report.line(`cri: serving the kubelet at ${places.map(nameOf).join(", ")}`);
  await untilTold();
  report.line("cri: ending");
  rest();
  await server.close();
  return 0;
};

/** A socket that systemd has opened is where the unit says; the configuration's is not made then. */
function placesFor(path: string, inherited: readonly number[]): readonly Place[] {
  return inherited.length === 0 ? [{ path }] : inherited.map((fd) => ({ fd }));
}
