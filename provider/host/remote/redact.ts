/** Takes known secrets out of text that goes to people: errors, journals, progress. */
import { isList, isMap, Secret, type Value } from "../../protocol/value.ts";

/** Shorter parts (a port, "yes") would blank out innocent text. */
const SHORTEST = { whole: 6, line: 12, value: 8, word: 20 };

export class Redactor {
  readonly #secrets: readonly string[];

  constructor(values: readonly Value[]) {
    const found = new Set<string>();
    for (const value of values) collect(value, false, found);
    // Longest first, so that a secret within another leaves nothing of the longer one behind.
    this.#secrets = [...found].sort((a, b) => b.length - a.length);
  }

  clean(text: string): string {
    return this.#secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, "[secret]"), text);
  }
}

function collect(value: Value, secret: boolean, found: Set<string>): void {
  if (value instanceof Secret) {
    collect(value.value, true, found);
  } else if (isList(value)) {
    for (const item of value) collect(item, secret, found);
  } else if (isMap(value)) {
    for (const item of Object.values(value)) collect(item, secret, found);
  } else if (secret && typeof value === "string") {
    // A program that complains about a file quotes a line or a word of it, seldom the whole.
    addParts([value], SHORTEST.whole, found);
    addParts(value.split("\n"), SHORTEST.line, found);
    addParts(value.split(/[\s"',:=]+/), SHORTEST.word, found);
    // PASSWORD=… is as often quoted without its name. In a longer text, colons are mostly YAML's.
    const values = value.split("\n").flatMap((line) => /^[\s"']*[A-Za-z_][\w-]*=(.*)$/.exec(line)?.[1] ?? []);
    addParts(
      values.map((text) => text.replaceAll(/^["']|["']$/g, "")),
      SHORTEST.value,
      found,
    );
  }
}

function addParts(parts: readonly string[], shortest: number, found: Set<string>): void {
  for (const part of parts) {
    const trimmed = part.trim();
    if (trimmed.length >= shortest) found.add(trimmed);
  }
}
