import { Fault } from "../../../errors/fault.ts";
import { serveApi } from "../../api/serveApi.ts";
import { inheritedSockets } from "../../services/inheritedSockets.ts";
import { nameOf, placeOf, type Place } from "../../services/listen.ts";
import { untilTold } from "../../services/untilTold.ts";
import type { Command } from "../command.ts";
import { openStoreFor, refuseUnreadablePods } from "../permissions.ts";
import { engineVersion } from "./version.ts";

export const apiService: Command = async ({ flags, context, report }) => {
  refuseUnreadablePods(context());
  const store = await openStoreFor(context());
  const places = placesFor(flags.text("listen"), inheritedSockets(process.env));
  const service = await serveApi({ context: context(), store, engineVersion: engineVersion() }, places);
  report.line(`API service running on ${places.map(nameOf).join(", ")}`);
  await untilTold();
  report.line("API service exiting...");
  service.close();
  return 0;
};

function placesFor(asked: string | undefined, inherited: readonly number[]): readonly Place[] {
  if (inherited.length === 0) return [placeOf(asked ?? "localhost:15441")];
  if (asked !== undefined) {
    throw new Fault({
      what: "started under systemd.socket(5), but --listen passed",
      got: asked,
      remedy: "leave --listen out, or write the address into the socket's unit",
    });
  }
  return inherited.map((fd) => ({ fd }));
}
