/** Manual pages from the grammar, one for each command and one for all. */
import { availableCommands } from "./available.ts";
import { globalFlags } from "./grammar/globalFlags.ts";
import type { CommandGrammar, FlagGrammar } from "./grammar/grammar.ts";
import { flagText, flagUsage } from "./help.ts";

/** Texts in roff by file name, such as `rkt-image-list.1`. */
export function manPages(): ReadonlyMap<string, string> {
  const commands = availableCommands.filter(({ gate, alias }) => gate === undefined && alias === undefined);
  return new Map([
    ["rkt.1", overviewPage(commands)],
    ...commands.map((command): [string, string] => [`${pageName(command.name)}.1`, commandPage(command)]),
  ]);
}

export { bashCompletion } from "./bashCompletion.ts";

function overviewPage(commands: readonly CommandGrammar[]): string {
  return page("rkt", "run pods of signed images", [
    section("SYNOPSIS", [".B rkt", text("COMMAND [FLAGS] …")]),
    section("DESCRIPTION", [
      text(
        "rkt fetches images, checks who signed them and runs them as pods. There is no daemon: a pod is a child of whoever started it.",
      ),
      ".PP",
      text(
        "This is the engine of the project Rktnetes. It carries on the model of rkt 1.30, and is not upstream's program.",
      ),
    ]),
    section(
      "COMMANDS",
      commands.flatMap(({ name, summary }) => [
        ".TP",
        `.BR ${dashes(pageName(name))} (1)`,
        text(`${summary}.`),
      ]),
    ),
    section("GLOBAL FLAGS", flagLines(globalFlags)),
    exitStatus,
    files,
  ]);
}

function commandPage(command: CommandGrammar): string {
  const shown = command.flags.filter(
    ({ hidden, deprecated, gate }) => hidden !== true && deprecated === undefined && gate === undefined,
  );
  const ofPod = shown.filter(({ perImage }) => perImage !== true);
  const ofImage = shown.filter(({ perImage }) => perImage === true);
  const { summary } = command;
  return page(pageName(command.name), `${summary.charAt(0).toLowerCase()}${summary.slice(1)}`, [
    section("SYNOPSIS", [
      `.B rkt ${dashes(command.name)}`,
      ...(command.usage === "" ? [] : [text(command.usage)]),
    ]),
    section("DESCRIPTION", paragraphs(command.help)),
    ...(ofPod.length > 0 ? [section("FLAGS", flagLines(ofPod))] : []),
    ...(ofImage.length > 0
      ? [section("IMAGE FLAGS", ["Each follows the image that it belongs to.", ...flagLines(ofImage)])]
      : []),
    section("GLOBAL FLAGS", flagLines(globalFlags)),
    section(
      "EXAMPLES",
      command.examples.flatMap(({ does, line }) => [".TP", text(`${does}:`), text(line)]),
    ),
    exitStatus,
    section("SEE ALSO", [".BR rkt (1)"]),
  ]);
}

const exitStatus = section("EXIT STATUS", [
  text(
    "0 on success. 254 if something was refused or failed. rkt run, rkt run-prepared and rkt enter end with the exit status of the app.",
  ),
]);

const files = section("FILES", [
  ...[
    ["/etc/rkt", "What the administrator configures: auth.d, net.d, paths.d, stage1.d and trustedkeys."],
    ["/usr/lib/rkt", "What packages configure, and the stage1 images."],
    ["/var/lib/rkt", "Images and pods."],
  ].flatMap(([path = "", what = ""]) => [".TP", `.I ${path}`, text(what)]),
]);

function page(name: string, what: string, sections: readonly string[]): string {
  const head = [
    `.TH ${dashes(name.toUpperCase())} 1 "" Rktnetes "User Commands"`,
    ".SH NAME",
    `${dashes(name)} \\- ${text(what)}`,
  ];
  return [...head, ...sections, ""].join("\n");
}

function section(title: string, lines: readonly string[]): string {
  return [`.SH ${title}`, ...lines].join("\n");
}

function flagLines(flags: readonly FlagGrammar[]): readonly string[] {
  return [...flags]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((flag) => [".TP", `.B ${text(flagUsage(flag))}`, text(`${flagText(flag)}.`)]);
}

function paragraphs(help: string): readonly string[] {
  return help
    .split("\n\n")
    .flatMap((each, index) => [...(index === 0 ? [] : [".PP"]), text(each.replaceAll("\n", " "))]);
}

function pageName(command: string): string {
  return ["rkt", ...command.split(" ")].join("-");
}

function dashes(name: string): string {
  return name.replaceAll("-", "\\-");
}

/** Text in which roff finds no requests and no escapes of its own. */
function text(plain: string): string {
  const escaped = plain.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
