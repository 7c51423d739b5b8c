import { diskFault } from "../../errors/diskFault.ts";
import { Fault, messageOf } from "../../errors/fault.ts";
import type { EngineContext } from "../context.ts";
import { availableCommands } from "./available.ts";
import { CommandLineFault } from "./commandLineFault.ts";
import { implementations } from "./implementations.ts";
import { openContext } from "./openContext.ts";
import { parseCommandLine, type Environment, type ParsedLine } from "./parse.ts";
import { ownStreams, type Streams } from "./streams.ts";
import { systemWords } from "./systemWords.ts";
import { TerminalReport } from "./terminalReport.ts";

/** The exit code of everything that the engine refuses or cannot do. */
const FAILED = 254;

/** Does what a command line says, and gives its exit code. */
export async function runCommandLine(
  line: readonly string[],
  environment: Environment,
  streams: Streams = ownStreams,
): Promise<number> {
  let parsed: ParsedLine;
  try {
    parsed = parseCommandLine(line, availableCommands, environment);
  } catch (error) {
    return tell("rkt", error, line.includes("--debug"), streams);
  }
  if (parsed.kind === "help") return await help(parsed, environment, streams);
  try {
    return await call(parsed, streams);
  } catch (error) {
    return tell(parsed.command.name.split(" ").at(-1) ?? "rkt", error, parsed.flags.flag("debug"), streams);
  }
}

async function call(parsed: Extract<ParsedLine, { kind: "command" }>, streams: Streams): Promise<number> {
  const { command, flags, words, said } = parsed;
  const report = new TerminalReport(flags.flag("debug"), streams);
  for (const { name, deprecated } of command.flags) {
    if (deprecated !== undefined && flags.has(name)) {
      report.line(`Flag --${name} has been deprecated, ${deprecated}`);
    }
  }
  if (command.root === true && process.geteuid?.() !== 0) {
    throw new Fault({ what: "cannot run as unprivileged user", remedy: "run it as root" });
  }
  const load = implementations[command.name];
  if (load === undefined) throw new Error(`${command.name} has no code`);
  const run = await load();
  let context: EngineContext | undefined;
  try {
    return await run({
      grammar: command,
      flags,
      words,
      said,
      report,
      context: () => (context ??= openContext(command.name, flags, report)),
      print: (text) => {
        streams.out.write(`${text}\n`);
      },
    });
  } finally {
    report.settle();
  }
}

async function help(
  { command, asked }: Extract<ParsedLine, { kind: "help" }>,
  environment: Environment,
  streams: Streams,
): Promise<number> {
  const { renderHelp } = await import("./help.ts");
  const text = renderHelp(command, environment);
  if (asked) {
    streams.out.write(text);
    return 0;
  }
  streams.err.write(`rkt: missing command\n${text}`);
  return 2;
}

function tell(command: string, error: unknown, debug: boolean, { err }: Streams): number {
  if (error instanceof CommandLineFault) {
    err.write(`Error: ${error.message}\nRun '${error.command} --help' for usage.\n`);
  } else {
    err.write(`${command}: ${withWayOut(error instanceof Fault ? error.message : plain(error))}\n`);
  }
  if (debug && error instanceof Error) {
    for (let each: unknown = error; each instanceof Error; each = each.cause) {
      err.write(`${each.stack ?? each.message}\n`);
    }
  }
  return FAILED;
}

/** What only root may do is refused by the kernel, which says no more than that. */
function withWayOut(text: string): string {
  const refused = /permission denied/.test(text) && !/^ {2}remedy:/m.test(text) && process.geteuid?.() !== 0;
  return refused ? `${text}\n  remedy:  do it as root` : text;
}

/** An error of the system as it is; anything else is a mistake of the engine's own, and says so. */
function plain(error: unknown): string {
  const fault = diskFault(error);
  if (fault instanceof Fault) return fault.message;
  const text = messageOf(error);
  const ofSystem = error instanceof Error && "code" in error && typeof error.code === "string";
  return ofSystem
    ? systemWords(text)
    : `${text}\n  remedy:  this is a defect of the engine; --debug shows where`;
}
