/** Words for a shell on the host. Every value that enters a script comes through here. */

const PLAIN = /^[A-Za-z0-9_/.:=@%+,-]+$/;

/** One word that the shell takes literally. */
export function quote(word: string): string {
  if (word.includes("\0")) throw new Error("a word for the shell cannot contain a NUL character");
  if (PLAIN.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * A piece of shell script (its backslashes doubled, as in any template) in which every embedded value is quoted; a list becomes several words:
 * `sh\`rm -f -- ${paths}\``.
 */
export function sh(text: TemplateStringsArray, ...values: (string | number | readonly string[])[]): string {
  return text.reduce((script, part, index) => {
    const value = values[index - 1];
    if (value === undefined) return script + part;
    const words = typeof value === "object" ? value.map(quote).join(" ") : quote(String(value));
    return script + words + part;
  });
}
