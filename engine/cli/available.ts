import { allCommands } from "./grammar/commands.ts";
import type { CommandGrammar } from "./grammar/grammar.ts";
import { implementations } from "./implementations.ts";

/** The commands that can be used: those whose code is there. */
export const availableCommands: readonly CommandGrammar[] = allCommands.filter(
  ({ name }) => name === "help" || Object.hasOwn(implementations, name),
);
