/** The project's documents, and what tests want to know of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const PROJECT = join(import.meta.dirname, "../..");

export interface Document {
  /** As in docs/lab.md. */
  readonly name: string;
  readonly text: string;
}

export function documents(): readonly Document[] {
  const markdown = (folder: string): string[] =>
    readdirSync(join(PROJECT, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name));
  return [...markdown("."), ...markdown("docs")].map((name) => documentNamed(name));
}

export function documentNamed(name: string): Document {
  return { name, text: readFileSync(join(PROJECT, name), "utf8") };
}

/** Fenced blocks of one language. */
export function blocksOf({ text }: Document, language: string): readonly string[] {
  return [...text.matchAll(/^```(\S*)\n(.*?)^```$/gms)].flatMap(([, tag, block]) =>
    tag === language && block !== undefined ? [block] : [],
  );
}

/** Rows of all tables, cell by cell, without heads and rules. */
export function rowsOf({ text }: Document): readonly (readonly string[])[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const isHead = /^\| *:?-/.test(lines[index + 1] ?? "");
    if (!line.startsWith("|") || isHead || /^\| *:?-/.test(line)) return [];
    return [
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ];
  });
}

/** The text inside backticks, when that is all there is. */
export function codeIn(cell: string | undefined): string | undefined {
  return /^`([^`]*)`$/.exec(cell ?? "")?.[1];
}
