import type { Handover } from "../contract.ts";

/**
 * A handover as a line for the shell that called us. The shell turns into it and not this process: it is the one that
 * stage0 turned into, and it still has the lock that stage0 left open, which Node closes for whatever it starts.
 */
export function handoverScript({ program, arguments: words, environment }: Handover): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return `exec ${["/usr/bin/env", "-i", ...variables, program, ...words].map(shellWord).join(" ")}\n`;
}

function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
