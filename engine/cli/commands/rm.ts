import { openParts } from "../../pods/openParts.ts";
import { removePods } from "../../pods/removeNamedPods.ts";
import type { Command } from "../command.ts";
import { pods } from "../words.ts";

export const rm: Command = async (invocation) => {
  const { context, print, report } = invocation;
  const outcomes = await removePods(openParts(context()), { uuids: pods(invocation) });
  for (const { uuid, failure } of outcomes) {
    if (failure === undefined) print(`"${uuid}"`);
    else report.line(`rm: ${failure}`);
  }
  if (outcomes.every(({ failure }) => failure === undefined)) return 0;
  report.line("rm: failed to remove one or more pods");
  return 254;
};
