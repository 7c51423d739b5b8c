/** What a command's resource takes, checked and read. */
import { Fault } from "../../../errors/fault.ts";
import type { CheckFailure } from "../../../provider/protocol/resource.ts";
import { secretTexts } from "../../../provider/protocol/redaction.ts";
import { isMap, reveal, Unknown, type Properties, type Revealed } from "../../../provider/protocol/value.ts";

const BASE_KEYS = ["addPreviousOutputInEnv", "environment", "logging", "stdin"];
const LOCAL_KEYS = [...BASE_KEYS, "archivePaths", "assetPaths", "dir", "interpreter"];
const RESOURCE_KEYS = ["create", "delete", "update", "triggers"];

export const LOCAL_RUN_KEYS = [...LOCAL_KEYS, "command"];
export const LOCAL_COMMAND_KEYS = [...LOCAL_KEYS, ...RESOURCE_KEYS];
export const REMOTE_COMMAND_KEYS = [...BASE_KEYS, ...RESOURCE_KEYS, "connection"];

const LOGGING = ["stdout", "stderr", "stdoutAndStderr", "none"];

export interface PreviousOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything about a run but the command itself. */
export interface RunSettings {
  readonly stdin: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly logsStdout: boolean;
  readonly logsStderr: boolean;
  readonly dir: string | undefined;
  readonly interpreter: readonly string[];
  readonly assetPaths: readonly string[] | undefined;
  readonly archivePaths: readonly string[] | undefined;
  readonly connection: Properties | undefined;
  /** Texts that must not appear in what is shown. */
  readonly secrets: readonly string[];
}

/** One failure for each input that nobody knows, and for each of a wrong form. */
export function unknownInputs(inputs: Properties, known: readonly string[]): CheckFailure[] {
  const failures: CheckFailure[] = Object.keys(inputs)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      property: key,
      reason: `unknown input "${key}"; known are ${[...known].sort().join(", ")}`,
    }));
  const logging = reveal(inputs["logging"] ?? null);
  if (typeof logging === "string" && !LOGGING.includes(logging)) {
    failures.push({ property: "logging", reason: `"${logging}" is none of ${LOGGING.join(", ")}` });
  }
  const interpreter = reveal(inputs["interpreter"] ?? null);
  if (Array.isArray(interpreter) && interpreter.length === 0) {
    failures.push({
      property: "interpreter",
      reason: "an empty list names no program; leave it out for /bin/sh -c",
    });
  }
  return failures;
}

export function settingsFrom(inputs: Properties, previous: PreviousOutput | undefined): RunSettings {
  const revealed = reveal(inputs);
  const field = (key: string): Revealed => (isRecord(revealed) ? (revealed[key] ?? null) : null);
  const logging = textOf(field("logging"), "logging") ?? "stdoutAndStderr";
  const handsOn = field("addPreviousOutputInEnv") !== false;
  const connection = reveal(inputs["connection"] ?? null);
  return {
    stdin: textOf(field("stdin"), "stdin"),
    environment: {
      ...textMap(field("environment")),
      ...(handsOn && previous !== undefined ? previousEnvironment(previous) : {}),
    },
    logsStdout: logging === "stdout" || logging === "stdoutAndStderr",
    logsStderr: logging === "stderr" || logging === "stdoutAndStderr",
    dir: textOf(field("dir"), "dir"),
    interpreter: textList(field("interpreter"), "interpreter") ?? ["/bin/sh", "-c"],
    assetPaths: textList(field("assetPaths"), "assetPaths"),
    archivePaths: textList(field("archivePaths"), "archivePaths"),
    connection: isMap(connection) ? connection : undefined,
    secrets: secretTexts(inputs),
  };
}

function previousEnvironment({ stdout, stderr }: PreviousOutput): Record<string, string> {
  return {
    ...(stdout === "" ? {} : { PULUMI_COMMAND_STDOUT: stdout }),
    ...(stderr === "" ? {} : { PULUMI_COMMAND_STDERR: stderr }),
  };
}

function isRecord(value: Revealed): value is { readonly [key: string]: Revealed } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}

function textOf(value: Revealed, where: string): string | undefined {
  if (value === null) return undefined;
  if (typeof value === "string") return value;
  throw new Fault({ what: "wrong type", where, got: typeof value, allowed: "a string" });
}

function textList(value: Revealed, where: string): string[] | undefined {
  if (value === null) return undefined;
  if (!Array.isArray(value)) throw new Fault({ what: "wrong type", where, allowed: "a list of strings" });
  const items: readonly Revealed[] = value;
  return items.map((item, index) => textOf(item, `${where}[${index}]`) ?? "");
}

function textMap(value: Revealed): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, typeof item === "string" ? item : JSON.stringify(item)]),
  );
}
