import { addApp } from "../../pods/apps/changeApps.ts";
import { openParts } from "../../pods/openParts.ts";
import type { Command } from "../command.ts";
import { readImages } from "../flags/images.ts";
import { wrongNumber } from "../words.ts";

export const appAdd: Command = async (invocation) => {
  const { grammar, said, words, context } = invocation;
  const [uuid] = words;
  // The first word is the pod, and what follows it is read as everywhere else.
  const first = said.findIndex((each) => each !== "arguments" && "word" in each);
  const { apps } = readImages(grammar, said.toSpliced(first, 1));
  const [app, ...others] = apps;
  if (uuid === undefined || app === undefined || others.length > 0) throw wrongNumber(invocation);
  await addApp(openParts(context()), { uuid, app });
  return 0;
};
