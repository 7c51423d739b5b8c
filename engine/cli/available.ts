import { allCommands } from "./grammar/commands.ts";
import type { CommandGrammar } from "./grammar/grammar.ts";
import { implementations, missingFlags } from "./implementations.ts";

/** The commands and flags that can be used: those whose code is there. */
export const availableCommands: readonly CommandGrammar[] = allCommands
  .filter(({ name }) => name === "help" || Object.hasOwn(implementations, name))
  .map((command) => ({ ...command, flags: command.flags.filter(({ name }) => !missingFlags.has(name)) }));
