import { Fault } from "../../errors/fault.ts";
import { readUuidFile } from "../pods/findPod.ts";
import type { Invocation } from "./command.ts";
import { CommandLineFault } from "./commandLineFault.ts";

/** The one word that a command takes. */
export function onlyWord(invocation: Invocation): string {
  const [word, ...others] = invocation.words;
  if (word === undefined || others.length > 0) throw wrongNumber(invocation);
  return word;
}

/** The two words that a command takes. */
export function twoWords(invocation: Invocation): readonly [string, string] {
  const [first, second, ...others] = invocation.words;
  if (first === undefined || second === undefined || others.length > 0) throw wrongNumber(invocation);
  return [first, second];
}

/** The pod that a word or --uuid-file names; not both. */
export function onlyPod(invocation: Invocation): string {
  const file = invocation.flags.text("uuid-file");
  if (file === undefined) return onlyWord(invocation);
  if (invocation.words.length > 0) throw wrongNumber(invocation);
  return uuidIn(file);
}

/** The pods that words or --uuid-file name; not both. */
export function pods(invocation: Invocation): readonly string[] {
  const file = invocation.flags.text("uuid-file");
  if (file !== undefined && invocation.words.length === 0) return [uuidIn(file)];
  if (file !== undefined || invocation.words.length === 0) throw wrongNumber(invocation);
  return invocation.words;
}

export function wrongNumber({ grammar, words }: Invocation): CommandLineFault {
  return new CommandLineFault(`rkt ${grammar.name}`, {
    what: words.length === 0 ? `${grammar.name} needs more words` : `${grammar.name} cannot take these words`,
    ...(words.length > 0 && { got: words.join(" ") }),
    allowed: `rkt ${grammar.name} ${grammar.usage}`,
  });
}

function uuidIn(file: string): string {
  try {
    return readUuidFile(file);
  } catch (error) {
    throw new Fault({ what: "unable to resolve UUID from file", got: file, cause: error });
  }
}
