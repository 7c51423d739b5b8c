import { appCommands } from "./appCommands.ts";
import type { CommandGrammar } from "./grammar.ts";
import { imageCommands } from "./imageCommands.ts";
import { otherCommands } from "./otherCommands.ts";
import { podCommands } from "./podCommands.ts";

/** Every command, whether its implementation is there yet or not. */
export const allCommands: readonly CommandGrammar[] = [
  ...podCommands,
  ...imageCommands,
  ...appCommands,
  ...otherCommands,
].sort((one, other) => (one.name < other.name ? -1 : 1));

/** What groups of commands are for. */
export const commandGroups: Readonly<Record<string, string>> = {
  app: "Change the apps of a running pod",
  image: "Work with the images in the store",
};
