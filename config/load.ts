/** The edge: raw configuration in, typed and validated values out, every mistake in one message. */
import { Fault } from "../errors/fault.ts";
import { mistakesOf, mistakesText } from "./mistakes.ts";
import { relationMistakes } from "./relations.ts";
import { soundParts } from "./sound-parts.ts";
import { stackSchema, type StackConfig } from "./schema.ts";

/** Parses the keys of the project's namespace, each already decoded from its JSON. */
export function parseStackConfig(raw: Readonly<Record<string, unknown>>): StackConfig {
  const parsed = stackSchema.safeParse(raw);
  const mistakes = parsed.success
    ? relationMistakes(parsed.data)
    : [...mistakesOf(parsed.error, raw), ...relationMistakes(soundParts(raw, parsed.error))];
  if (parsed.success && mistakes.length === 0) return parsed.data;
  throw new Fault({
    what: `the configuration has ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}\n${mistakesText(mistakes)}`,
    remedy:
      "correct the stack's file (Pulumi.<stack>.yaml) or use `pulumi config set --path`; Pulumi.yaml documents every key",
  });
}

/**
 * Picks `namespace:key` entries out of all configuration and decodes them: objects and lists arrive as JSON.
 */
export function namespaceConfig(
  all: Readonly<Record<string, string>>,
  namespace: string,
): Readonly<Record<string, unknown>> {
  const prefix = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => [key.slice(prefix.length), decoded(text)]),
  );
}

function decoded(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    // Plain scalars are not JSON; the schema will say if something else was wanted.
    return text;
  }
}
