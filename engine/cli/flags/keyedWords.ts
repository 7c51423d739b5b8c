/** `key=value,key=value`, as --volume, --mount and --mnt-volume have it. */

/** The pairs by key, or what is wrong with the text. */
export function keyedWords(text: string): ReadonlyMap<string, string> | string {
  const pairs = new Map<string, string>();
  for (const part of text.split(",")) {
    const equals = part.indexOf("=");
    if (equals === -1) {
      return `malformed string ${JSON.stringify(text)} - has a label without a value: ${part}`;
    }
    const key = part.slice(0, equals);
    if (pairs.has(key)) return `label ${key} with multiple values`;
    pairs.set(key, part.slice(equals + 1));
  }
  return pairs;
}

/** A name and a value around the first `=`. */
export function pairOf(text: string): readonly [string, string] | string {
  const equals = text.indexOf("=");
  return equals === -1 ? "must be specified as key=value" : [text.slice(0, equals), text.slice(equals + 1)];
}
