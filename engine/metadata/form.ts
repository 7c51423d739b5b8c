/**
 * The fields of an HTML form (application/x-www-form-urlencoded) as bytes. Decoding them as text would make one of
 * several contents that are no UTF-8, and a signature of the one would count for the others. Undefined if malformed.
 */
export function formFields(form: string): ReadonlyMap<string, Buffer> | undefined {
  const fields = new Map<string, Buffer>();
  for (const pair of form.split("&")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const name = decoded(at < 0 ? pair : pair.slice(0, at));
    const value = decoded(at < 0 ? "" : pair.slice(at + 1));
    if (name === undefined || value === undefined) return undefined;
    // As Go does it, of several the first one counts.
    const key = name.toString("latin1");
    if (!fields.has(key)) fields.set(key, value);
  }
  return fields;
}

function decoded(text: string): Buffer | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const bytes = text
    .replaceAll("+", " ")
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1");
}
