import { openParts } from "../../pods/openParts.ts";
import { stopPods } from "../../pods/stopPods.ts";
import type { Command } from "../command.ts";
import { pods } from "../words.ts";

export const stop: Command = async (invocation) => {
  const { flags, context, print, report } = invocation;
  const outcomes = await stopPods(openParts(context()), {
    uuids: pods(invocation),
    force: flags.flag("force"),
  });
  for (const { uuid, result, reason } of outcomes) {
    switch (result) {
      case "stopped":
        print(`"${uuid}"`);
        break;
      case "already stopped":
        report.line(`stop: pod "${uuid}" is already stopped`);
        break;
      case "failed":
        report.line(`stop: error stopping "${uuid}": ${reason ?? ""}`);
        break;
    }
  }
  return outcomes.some(({ result }) => result === "failed") ? 254 : 0;
};
