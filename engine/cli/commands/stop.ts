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
        print(`pod "${uuid}" is already stopped`);
        break;
      case "failed":
        report.line(`stop: error stopping "${uuid}": ${reason ?? ""}`);
        break;
    }
  }
  const failed = outcomes.filter(({ result }) => result === "failed").length;
  if (failed === 0) return 0;
  report.line(`stop: failed to stop ${failed} pod(s)`);
  return 254;
};
