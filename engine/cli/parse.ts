import { Fault } from "../../errors/fault.ts";
import { CommandLineFault } from "./commandLineFault.ts";
import { boolOf, FlagValues, valueMistake, type GivenFlag } from "./flagValues.ts";
import { globalFlags } from "./grammar/globalFlags.ts";
import type { CommandGrammar, FlagGrammar } from "./grammar/grammar.ts";

/** What a command line says, in its order where order counts. */
export type Said =
  { readonly flag: GivenFlag } | { readonly word: string } | { readonly argument: string } | "arguments";

export type ParsedLine =
  | { readonly kind: "help"; readonly command: string; readonly asked: boolean }
  | {
      readonly kind: "command";
      readonly command: CommandGrammar;
      readonly flags: FlagValues;
      readonly words: readonly string[];
      readonly said: readonly Said[];
    };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a command line by the grammars of the commands that are there. */
export function parseCommandLine(
  line: readonly string[],
  commands: readonly CommandGrammar[],
  environment: Environment,
): ParsedLine {
  const available = commands.filter(({ gate }) => isOpen(gate, environment));
  const { found, rest, path } = findCommand(line, available);
  if (found === undefined) {
    const asked = wantsHelp(rest);
    const word = asked ? undefined : firstWord(rest);
    if (word !== undefined) throw unknownCommand(word.text, path);
    if (!asked) refuseUnknownGlobals(rest);
    return { kind: "help", command: path.join(" "), asked: asked || path.length > 0 };
  }
  if (found.name === "help") return { kind: "help", command: helpSubject(rest, available), asked: true };
  const flags = [...found.flags, ...globalFlags].filter(({ gate }) => isOpen(gate, environment));
  const said = readWords(rest, found, flags);
  if (said === "help") return { kind: "help", command: found.name, asked: true };
  return {
    kind: "command",
    command: found,
    flags: new FlagValues(
      said.flatMap((each) => (each !== "arguments" && "flag" in each ? [each.flag] : [])),
    ),
    words: said.flatMap((each) => (each !== "arguments" && "word" in each ? [each.word] : [])),
    said,
  };
}

/** Whether something that is behind a variable of the environment is there. */
export function isOpen(gate: string | undefined, environment: Environment): boolean {
  return gate === undefined || boolOf(environment[gate] ?? "") === true;
}

/** The command's words may stand among flags; they are taken out, and the rest is the command's own. */
function findCommand(
  line: readonly string[],
  commands: readonly CommandGrammar[],
): {
  readonly found: CommandGrammar | undefined;
  readonly rest: readonly string[];
  readonly path: readonly string[];
} {
  let rest = line;
  const path: string[] = [];
  for (;;) {
    const next = firstWord(rest);
    const word = next === undefined ? undefined : commandWord(next.text, path, commands);
    if (next === undefined || word === undefined) return { found: undefined, rest, path };
    rest = rest.toSpliced(next.index, 1);
    path.push(word);
    const found = commands.find(({ name }) => name === path.join(" "));
    if (found !== undefined) return { found, rest, path };
  }
}

/** A word of a command, which may be shortened as long as only one begins like that. */
function commandWord(
  text: string,
  path: readonly string[],
  commands: readonly CommandGrammar[],
): string | undefined {
  const words = new Set(
    commands
      .map(({ name }) => name.split(" "))
      .filter((words) => path.every((word, index) => words[index] === word))
      .map((words) => words[path.length] ?? ""),
  );
  if (words.has(text)) return text;
  const beginning = [...words].filter((word) => text !== "" && word.startsWith(text));
  return beginning.length === 1 ? beginning[0] : undefined;
}

function firstWord(line: readonly string[]): { readonly text: string; readonly index: number } | undefined {
  for (let index = 0; index < line.length; index++) {
    const text = line[index] ?? "";
    if (text === "--") return undefined;
    if (!text.startsWith("-") || text === "-") return { text, index };
    const known = globalFlags.find(({ name }) => `--${name}` === text);
    if (known !== undefined && known.kind.type !== "bool") index++;
  }
  return undefined;
}

function wantsHelp(line: readonly string[]): boolean {
  return line.includes("--help") || line.includes("-h");
}

function refuseUnknownGlobals(line: readonly string[]): void {
  const reader = new FlagReader(globalFlags);
  for (let index = 0; index < line.length;) index += reader.read(line, index, false).used;
}

function helpSubject(rest: readonly string[], commands: readonly CommandGrammar[]): string {
  const { found, rest: after, path } = findCommand(rest, commands);
  const word = found === undefined ? firstWord(after) : undefined;
  if (word !== undefined) throw unknownCommand(word.text, path);
  return path.join(" ");
}

function unknownCommand(word: string, path: readonly string[]): CommandLineFault {
  const parent = ["rkt", ...path].join(" ");
  return new CommandLineFault(parent, {
    what: `unknown command ${JSON.stringify(word)} for ${JSON.stringify(parent)}`,
  });
}

function readWords(
  line: readonly string[],
  command: CommandGrammar,
  flags: readonly FlagGrammar[],
): readonly Said[] | "help" {
  const reader = new FlagReader(flags, command);
  const said: Said[] = [];
  let words = 0;
  for (let index = 0; index < line.length;) {
    const text = line[index] ?? "";
    const onlyWords = command.operands === "words" && words > 0;
    if (!onlyWords && (text === "--help" || text === "-h")) return "help";
    if (text === "--" && command.operands === "images") {
      index = readArguments(line, index + 1, said);
    } else if (text === "--" && !(onlyWords && words > 1)) {
      said.push(...line.slice(index + 1).map((word) => ({ word })));
      return said;
    } else if (text === "---" && command.operands === "images") {
      index++;
    } else if (!onlyWords && text.startsWith("-") && text !== "-") {
      const { flag, used } = reader.read(line, index, words > 0);
      said.push({ flag });
      index += used;
    } else {
      if (text !== "" || command.operands !== "images") said.push({ word: text });
      words++;
      index++;
    }
  }
  return said;
}

/** The arguments of an image, up to `---` or the end. */
function readArguments(line: readonly string[], start: number, said: Said[]): number {
  said.push("arguments");
  for (let index = start; index < line.length; index++) {
    const argument = line[index] ?? "";
    if (argument === "---") return index + 1;
    if (argument !== "") said.push({ argument });
  }
  return line.length;
}

class FlagReader {
  readonly #flags: readonly FlagGrammar[];
  readonly #command: CommandGrammar | undefined;

  constructor(flags: readonly FlagGrammar[], command?: CommandGrammar) {
    this.#flags = flags;
    this.#command = command;
  }

  /** The flag that begins at an index, and how many words it took. */
  read(
    line: readonly string[],
    index: number,
    afterWord: boolean,
  ): { readonly flag: GivenFlag; readonly used: number } {
    const typed = line[index] ?? "";
    const refuse = (what: string): Fault => wrongWords(this.#command, afterWord, what);
    if (!typed.startsWith("--")) throw refuse(`unknown shorthand flag: '${typed.charAt(1)}' in ${typed}`);
    const equals = typed.indexOf("=");
    const name = typed.slice(2, equals === -1 ? undefined : equals);
    if (name === "" || name.startsWith("-")) throw refuse(`bad flag syntax: ${typed}`);
    const grammar = this.#flags.find((flag) => flag.name === name);
    if (grammar === undefined) throw refuse(`unknown flag: --${name}`);
    const bare = grammar.kind.type === "bool" ? "true" : grammar.bare;
    const next = line[index + 1];
    let value: string;
    let used = 1;
    if (equals !== -1) {
      value = typed.slice(equals + 1);
    } else if (bare !== undefined) {
      value = bare;
    } else if (next !== undefined) {
      value = next;
      used = 2;
    } else {
      throw refuse(`flag needs an argument: ${typed}`);
    }
    const flag = { grammar, value, typed, afterWord };
    const mistake = valueMistake(grammar, value);
    if (mistake !== undefined) throw invalidFlag(this.#command, flag, mistake);
    return { flag, used };
  }
}

/** A flag whose value cannot be, as pflag tells it. */
export function invalidFlag(
  command: CommandGrammar | undefined,
  { value, typed, afterWord }: GivenFlag,
  why: string,
): Fault {
  return wrongWords(command, afterWord, `invalid argument ${JSON.stringify(value)} for ${typed}: ${why}`);
}

/** rkt itself reads what follows an image, and cobra the rest: the same mistake has two heads. */
function wrongWords(command: CommandGrammar | undefined, afterWord: boolean, what: string): Fault {
  if (command?.operands !== "images" || !afterWord) {
    return new CommandLineFault(command === undefined ? "rkt" : `rkt ${command.name}`, { what });
  }
  return new Fault({ what: `${imagesMistake(command)}: ${what}` });
}

/** The head of what is wrong with images and their flags. */
export function imagesMistake(command: CommandGrammar): string {
  return command.name.endsWith("fetch") ? "unable to parse arguments" : "error parsing app image arguments";
}
