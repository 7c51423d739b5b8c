/** Values for a shell script to read with `.`: names to words or lists of words. */
export function shellAssignments(values: Readonly<Record<string, string | readonly string[]>>): string {
  return Object.entries(values)
    .map(([name, value]) =>
      typeof value === "string" ? `${name}=${quoted(value)}\n` : `${name}=(${value.map(quoted).join(" ")})\n`,
    )
    .join("");
}

export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
