import type { EngineContext, Report } from "../context.ts";
import type { FlagValues } from "./flagValues.ts";
import type { CommandGrammar } from "./grammar/grammar.ts";
import type { Said } from "./parse.ts";

/** What a command is called with. */
export interface Invocation {
  readonly grammar: CommandGrammar;
  readonly flags: FlagValues;
  /** What is no flag, in order. */
  readonly words: readonly string[];
  /** Everything, where the order of flags and words counts. */
  readonly said: readonly Said[];
  readonly report: Report;
  /** Reads the configuration when it is first asked for. */
  readonly context: () => EngineContext;
  /** A line of the answer, on standard output. */
  readonly print: (line: string) => void;
}

/** Does what was asked and gives the exit code. Throws a Fault where it cannot. */
export type Command = (invocation: Invocation) => Promise<number> | number;
