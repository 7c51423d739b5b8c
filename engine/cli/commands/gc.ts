import { collectGarbage } from "../../pods/collectGarbage.ts";
import { openParts } from "../../pods/openParts.ts";
import type { Command } from "../command.ts";

const minute = 60_000;

export const gc: Command = async ({ flags, context, print, report }) => {
  const { moved, removed } = await collectGarbage(openParts(context()), {
    gracePeriodMilliseconds: flags.duration("grace-period", 30 * minute),
    expirePreparedMilliseconds: flags.duration("expire-prepared", 24 * 60 * minute),
    markOnly: flags.flag("mark-only"),
  });
  for (const uuid of moved) report.line(`gc: moving pod "${uuid}" to garbage`);
  for (const { uuid, failure } of removed) {
    if (failure === undefined) print(`Garbage collecting pod "${uuid}"`);
    else report.line(`gc: unable to remove pod "${uuid}": ${failure}`);
  }
  return removed.some(({ failure }) => failure !== undefined) ? 254 : 0;
};
