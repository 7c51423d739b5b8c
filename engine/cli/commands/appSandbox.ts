import { resolve } from "node:path";
import { parseRawPort } from "../../network/ports.ts";
import { runSandbox } from "../../pods/apps/sandbox.ts";
import { openParts } from "../../pods/openParts.ts";
import type { Command, Invocation } from "../command.ts";
import { pairOf } from "../flags/keyedWords.ts";
import { each, stage1Choice, startRequest } from "../flags/podRequests.ts";
import { wrongNumber } from "../words.ts";

export const appSandbox: Command = async (invocation) => {
  if (invocation.words.length > 0) throw wrongNumber(invocation);
  const uuidFileSave = invocation.flags.text("uuid-file-save");
  return await runSandbox(openParts(invocation.context()), {
    pod: {
      ports: each(invocation, "port", parseRawPort),
      userAnnotations: Object.fromEntries(pairs(invocation, "user-annotation")),
      userLabels: Object.fromEntries(pairs(invocation, "user-label")),
    },
    annotations: pairs(invocation, "annotation").map(([name, value]) => ({ name, value })),
    stage1: stage1Choice(invocation),
    noOverlay: invocation.flags.flag("no-overlay"),
    start: startRequest(invocation),
    ...(uuidFileSave !== undefined && { uuidFileSave: resolve(uuidFileSave) }),
  });
};

function pairs(invocation: Invocation, flag: string): readonly (readonly [string, string])[] {
  return each(invocation, flag, pairOf);
}
