/** Units as text: sections of settings, values as systemd reads them. */

export type Setting = readonly [name: string, value: string];

export interface Unit {
  readonly Unit?: readonly Setting[];
  readonly Service?: readonly Setting[];
}

export function unitText(unit: Unit): string {
  const section = (name: string, settings: readonly Setting[] | undefined): string =>
    settings === undefined
      ? ""
      : `[${name}]\n${settings.map(([key, value]) => `${key}=${value}\n`).join("")}`;
  return section("Unit", unit.Unit) + section("Service", unit.Service);
}

/** One word of a list, whatever is in it: C escapes, and `%` doubled, which would begin a specifier. */
export function quotedWord(word: string): string {
  const escaped = [...Buffer.from(word)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (character === "%") return "%%";
      if (character === '"' || character === "\\") return `\\${character}`;
      return byte < 0x20 || byte > 0x7e ? `\\x${byte.toString(16).padStart(2, "0")}` : character;
    })
    .join("");
  return `"${escaped}"`;
}

/** A command line as it is: without variables, which systemd would fill in for `$`. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => quotedWord(word).replaceAll("$", "$$$$")).join(" ");
}
