import { resolve } from "node:path";
import { openParts } from "../../pods/openParts.ts";
import { runPod } from "../../pods/runPod.ts";
import type { Command } from "../command.ts";
import { prepareRequest, refuseContradictions, startRequest } from "../flags/podRequests.ts";

export const run: Command = async (invocation) => {
  const prepare = prepareRequest(invocation);
  const start = startRequest(invocation);
  refuseContradictions(prepare, start);
  const uuidFileSave = invocation.flags.text("uuid-file-save");
  return await runPod(openParts(invocation.context()), {
    prepare,
    start,
    ...(uuidFileSave !== undefined && { uuidFileSave: resolve(uuidFileSave) }),
  });
};
