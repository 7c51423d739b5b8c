/** Where an app's standard streams lead; `rkt attach` connects to what is a stream or a terminal. */
import { inputModes, outputModes } from "../../../stage1/attaching/streams.ts";
import type { FlagGrammar } from "./grammar.ts";

const streamFlag = (
  name: string,
  values: readonly string[],
  byDefault: string,
  help: string,
): FlagGrammar => ({
  name,
  kind: { type: "choice", values },
  default: byDefault,
  perImage: true,
  help,
});

export const streamFlags: readonly FlagGrammar[] = [
  streamFlag(
    "stdin",
    inputModes,
    "null",
    "what the app reads: nothing, whatever is attached, or this terminal",
  ),
  streamFlag(
    "stdout",
    outputModes,
    "log",
    "where the app's output goes: nowhere, with the pod's, or to whatever is attached",
  ),
  streamFlag("stderr", outputModes, "log", "where the app's errors go, as with --stdout"),
];
