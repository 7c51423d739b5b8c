import { showConfiguration } from "../../configuration/show.ts";
import type { Command } from "../command.ts";

export const config: Command = ({ flags, context, print }) => {
  print(showConfiguration(context().configuration, flags.flag("pretty-print", true) ? "\t" : undefined));
  return 0;
};
