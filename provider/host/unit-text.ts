/**
 * A unit file from its sections. Values are systemd's own syntax (specifiers such as %i keep their meaning);
 * what the file format itself would misread is escaped here.
 */
import type { DesiredUnit } from "./desired.ts";

export type UnitSections = NonNullable<DesiredUnit["sections"]>;
type Directive = UnitSections[string][string];

/** Longer command lines are folded, one option to a line, so that a change of one shows as one line. */
const FOLD_FROM = 100;

export function unitText(sections: UnitSections): string {
  return inOrder(sections, SECTIONS)
    .map(([section, directives]) => {
      const lines = inOrder(directives, DIRECTIVES).flatMap(([key, value]) => directiveLines(key, value));
      return [`[${section}]`, ...lines, ""].join("\n");
    })
    .join("\n");
}

/** Maps lose their order on the way to the provider, so the text has one of its own. */
const SECTIONS = { first: ["Unit"], last: ["Install"] };
const DIRECTIVES = { first: ["Description", "Documentation"], last: [] };

function inOrder<Item>(
  items: Readonly<Record<string, Item>>,
  places: { readonly first: readonly string[]; readonly last: readonly string[] },
): [string, Item][] {
  const rank = (name: string): number => {
    if (places.first.includes(name)) return places.first.indexOf(name) - places.first.length;
    return places.last.includes(name) ? 1 : 0;
  };
  return Object.entries(items).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** What the file format could not express, with its path within the sections; empty when all is well. */
export function unitMistakes(sections: UnitSections): { path: string; reason: string }[] {
  const mistakes: { path: string; reason: string }[] = [];
  for (const [section, directives] of Object.entries(sections)) {
    if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(section)) {
      mistakes.push({
        path: section,
        reason: `"${section}" is no section's name; letters, digits and - are allowed`,
      });
    }
    for (const [key, value] of Object.entries(directives)) {
      const path = `${section}.${key}`;
      if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(key)) {
        mistakes.push({ path, reason: `"${key}" is no directive's name; letters, digits and - are allowed` });
      }
      const texts = Array.isArray(value) ? value : [String(value)];
      if (texts.some((text) => text.includes("\0"))) {
        mistakes.push({ path, reason: "a unit file cannot hold a NUL character" });
      }
      if (texts.some((text) => /\\\s*$/.test(text))) {
        mistakes.push({ path, reason: "ends in a backslash, which would swallow the following line" });
      }
    }
  }
  return mistakes;
}

/** A command line for ExecStart= and its kin in which every argument arrives exactly as given. */
export function commandLine(argv: readonly string[]): string {
  return argv.map(argument).join(" ");
}

function argument(text: string): string {
  const literal = text.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[^\s"'\\;\0]+$/.test(literal)) return literal;
  const escaped = literal
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replaceAll("\r", "\\r");
  return `"${escaped}"`;
}

function directiveLines(key: string, value: Directive): string[] {
  const values = Array.isArray(value) ? value : [value];
  return values.map((single) => `${key}=${valueText(key, single)}`);
}

function valueText(key: string, value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return String(value);
  const lines = value.split(/\r?\n/).filter((line, _, all) => line.trim() !== "" || all.length === 1);
  const folded = /^Exec/.test(key) ? lines.flatMap((line) => foldOptions(line)) : lines;
  // systemd reads a backslash at a line's end as a space. A following line that began with # or ; would be
  // taken for a comment within the value, so the space after the backslash line stays in front of it.
  return folded
    .map((line, index) => (index === 0 ? line : `    ${protectComment(line.trim())}`))
    .join(" \\\n");
}

function protectComment(line: string): string {
  // \x23 and \x3b are # and ; in systemd's own escapes, which it resolves in words.
  if (line.startsWith("#")) return `\\x23${line.slice(1)}`;
  if (line.startsWith(";")) return `\\x3b${line.slice(1)}`;
  return line;
}

/** Breaks a long command line before each option that stands outside quotes. */
function foldOptions(line: string): string[] {
  if (line.length < FOLD_FROM) return [line];
  const pieces: string[] = [];
  let from = 0;
  let quoteMark = "";
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === "\\") {
      at += 1;
    } else if (quoteMark !== "") {
      if (character === quoteMark) quoteMark = "";
    } else if (character === '"' || character === "'") {
      quoteMark = character;
    } else if (character === " " && line.startsWith("--", at + 1)) {
      pieces.push(line.slice(from, at));
      from = at + 1;
    }
  }
  pieces.push(line.slice(from));
  return pieces;
}
