import { openParts } from "../../pods/openParts.ts";
import { runPrepared as becomePrepared } from "../../pods/runPrepared.ts";
import type { Command } from "../command.ts";
import { startRequest } from "../flags/podRequests.ts";
import { onlyWord } from "../words.ts";

export const runPrepared: Command = async (invocation) => {
  const uuid = onlyWord(invocation);
  return await becomePrepared(openParts(invocation.context()), { uuid, start: startRequest(invocation) });
};
