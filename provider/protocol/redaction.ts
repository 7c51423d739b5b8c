/** Keeps secrets out of texts that somebody else wrote: a server's message, a command's output. */
import { isList, isMap, Secret, type Value } from "./value.ts";

/** Shorter texts would be found everywhere, and a message full of holes helps nobody. */
const SHORTEST = 4;

/** Every secret text in the value, in all forms in which a message may repeat it; longest first. */
export function secretTexts(value: Value): string[] {
  const found = new Set<string>();
  const collect = (part: Value, secret: boolean): void => {
    if (part instanceof Secret) collect(part.value, true);
    else if (isList(part)) for (const item of part) collect(item, secret);
    else if (isMap(part)) for (const item of Object.values(part)) collect(item, secret);
    else if (secret && typeof part === "string") for (const form of formsOf(part)) found.add(form);
  };
  collect(value, false);
  return [...found].sort((left, right) => right.length - left.length);
}

export function redacted(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
}

/** As it is, in base64, out of base64, each line of a longer text, and as JSON would quote it. */
function formsOf(secret: string): string[] {
  const decoded = Buffer.from(secret, "base64").toString("utf8");
  const lines = secret.split("\n").map((line) => line.trim());
  const forms = [secret, Buffer.from(secret, "utf8").toString("base64"), JSON.stringify(secret).slice(1, -1)];
  return [...forms, decoded, ...lines].filter((form) => form.length >= SHORTEST && !form.includes("\uFFFD"));
}
