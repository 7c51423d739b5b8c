/** How a command ended, and what of it becomes the resource's outputs. */
import { Fault } from "../../../errors/fault.ts";
import { redacted } from "../../../provider/protocol/redaction.ts";
import { containsSecret, Secret, type Properties } from "../../../provider/protocol/value.ts";

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly assets?: Properties;
  readonly archive?: Properties;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they came. */
  readonly said: string;
}

/** Whatever a command says may hold what it was told: with a secret among the inputs, it is secret too. */
export function resultOf(outcome: Outcome, inputs: Properties): Properties {
  const sealed = containsSecret(inputs);
  const result = {
    stdout: outcome.stdout,
    stderr: outcome.stderr,
    ...(outcome.assets === undefined ? {} : { assets: outcome.assets }),
    ...(outcome.archive === undefined ? {} : { archive: outcome.archive }),
  };
  if (!sealed) return result;
  return { ...result, stdout: new Secret(result.stdout), stderr: new Secret(result.stderr) };
}

const LONGEST_EXCERPT = 4000;

export function failureOf(ending: Ending, command: string, where: string, secrets: readonly string[]): Fault {
  const how =
    ending.signal === null
      ? `ended with exit code ${ending.code ?? "unknown"}`
      : `was ended by ${ending.signal}`;
  const said = redacted(ending.said.trim(), secrets).slice(-LONGEST_EXCERPT);
  return new Fault({
    what: `the command ${how}`,
    where,
    got: `${redacted(command, secrets)}\n${said === "" ? "(it said nothing)" : said}`.replaceAll(
      "\n",
      "\n           ",
    ),
    remedy: "mend the command or what it needs, and run again",
  });
}

/** A trailing line break belongs to the terminal, not to the value. */
export function trimmed(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}
