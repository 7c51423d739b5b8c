import { openParts } from "../../pods/openParts.ts";
import { preparePod } from "../../pods/preparePod.ts";
import type { Command } from "../command.ts";
import { prepareRequest } from "../flags/podRequests.ts";

/** Prints the pod's uuid, and nothing else on standard output; so --quiet has nothing left to do. */
export const prepare: Command = async (invocation) => {
  const request = prepareRequest(invocation);
  const { uuid } = await preparePod(openParts(invocation.context()), request, "prepared");
  invocation.print(uuid);
  return 0;
};
