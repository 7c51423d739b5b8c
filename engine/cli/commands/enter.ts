import { enterPod } from "../../pods/enterPod.ts";
import { openParts } from "../../pods/openParts.ts";
import type { Command } from "../command.ts";
import { wrongNumber } from "../words.ts";

const shell = "/bin/bash";

export const enter: Command = async (invocation) => {
  const { grammar, words, flags, context, report } = invocation;
  const [uuid, ...command] = words;
  if (uuid === undefined) throw wrongNumber(invocation);
  if (command.length === 0)
    report.line(`${grammar.name.replace("app ", "")}: no command specified, assuming "${shell}"`);
  const app = flags.text("app");
  return await enterPod(openParts(context()), {
    uuid,
    ...(app !== undefined && { app }),
    command: command.length === 0 ? [shell] : command,
  });
};
