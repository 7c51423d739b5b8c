/** What --help prints, from the grammar. */
import { availableCommands } from "./available.ts";
import { commandGroups } from "./grammar/commands.ts";
import { globalFlags } from "./grammar/globalFlags.ts";
import type { CommandGrammar, FlagGrammar } from "./grammar/grammar.ts";
import { isOpen, type Environment } from "./parse.ts";

/** The help of a command, of a group such as `image`, or of all (""). */
export function renderHelp(name: string, environment: Environment): string {
  const open = availableCommands.filter(({ gate }) => isOpen(gate, environment));
  const command = open.find((each) => each.name === name);
  return command === undefined ? overview(name, open) : commandHelp(command, environment);
}

function overview(group: string, commands: readonly CommandGrammar[]): string {
  const inside = commands.filter(
    ({ name, alias }) => alias === undefined && (group === "" || name.startsWith(`${group} `)),
  );
  const head =
    group === ""
      ? "rkt runs pods of signed images, without a daemon.\n\nThis is the engine of the project Rktnetes. It carries on the model of rkt 1.30, and is not upstream's program."
      : `${commandGroups[group] ?? group}.`;
  const call = ["rkt", ...(group === "" ? [] : [group])].join(" ");
  return [
    head,
    `Usage:\n  ${call} COMMAND [FLAGS] …`,
    `Commands:\n${table(inside.map(({ name, summary }) => [group === "" ? name : name.slice(group.length + 1), summary]))}`,
    `Global flags:\n${flagTable(globalFlags)}`,
    ...(group === "" ? [`Examples:\n${table(overviewExamples(commands))}`] : []),
    `"${call} COMMAND --help" explains one command.\n`,
  ].join("\n\n");
}

function overviewExamples(commands: readonly CommandGrammar[]): readonly (readonly [string, string])[] {
  return ["fetch", "run", "list", "gc"].flatMap((name) => {
    const example = commands.find((each) => each.name === name)?.examples[0];
    return example === undefined ? [] : [[example.line, example.does] as const];
  });
}

function commandHelp(command: CommandGrammar, environment: Environment): string {
  const shown = command.flags.filter(
    ({ hidden, deprecated, gate }) =>
      hidden !== true && deprecated === undefined && isOpen(gate, environment),
  );
  const ofPod = shown.filter(({ perImage }) => perImage !== true);
  const ofImage = shown.filter(({ perImage }) => perImage === true);
  return [
    `${command.summary}.`,
    command.help,
    `Usage:\n  rkt ${[command.name, command.usage].filter((part) => part !== "").join(" ")}`,
    ...(ofPod.length > 0 ? [`Flags:\n${flagTable(ofPod)}`] : []),
    ...(ofImage.length > 0 ? [`Image flags, each after its image:\n${flagTable(ofImage)}`] : []),
    `Global flags:\n${flagTable(globalFlags)}`,
    `Examples:\n${command.examples.map(({ does, line }) => `  # ${does}\n  ${line}`).join("\n")}\n`,
  ].join("\n\n");
}

function flagTable(flags: readonly FlagGrammar[]): string {
  return table(
    [...flags]
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map((flag) => [flagUsage(flag), flagText(flag)]),
  );
}

/** `--net[=NETWORK]`, `--full`, `--dir=FOLDER`. */
export function flagUsage({ name, kind, bare }: FlagGrammar): string {
  const value = valueName(kind);
  if (kind.type === "bool") return `--${name}`;
  return bare === undefined ? `--${name}=${value}` : `--${name}[=${value}]`;
}

/** What a flag does, with its default and its values. */
export function flagText(flag: FlagGrammar): string {
  const marks = [
    ...(flag.kind.type === "choices" ? [`any of ${flag.kind.values.join(", ")}`] : []),
    ...(flag.repeatable === true ? ["may be repeated"] : []),
    ...(flag.default === undefined || flag.default === "false" ? [] : [`default ${flag.default}`]),
  ];
  return marks.length === 0 ? flag.help : `${flag.help} (${marks.join("; ")})`;
}

function valueName(kind: FlagGrammar["kind"]): string {
  switch (kind.type) {
    case "bool":
      return "BOOL";
    case "text":
      return kind.value;
    case "path":
      return "FILE";
    case "folder":
      return "FOLDER";
    case "duration":
      return "DURATION";
    case "port":
      return "PORT";
    case "choice":
      return kind.values.join("|");
    case "choices":
      return "NAME[,…]";
  }
}

/** Two columns; what is too wide for the first has its explanation on a line of its own. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([first]) => first.length).filter((length) => length <= 30));
  return rows
    .map(([first, second]) =>
      first.length > width
        ? `  ${first}\n  ${" ".repeat(width)}  ${second}`
        : `  ${first.padEnd(width)}  ${second}`,
    )
    .join("\n");
}
