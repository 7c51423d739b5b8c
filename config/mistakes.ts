/** Turns a schema's complaints into sentences a person can act on: path, what was given, what is allowed. */
import type { z } from "zod";

export interface Mistake {
  /** As in `hosts[1].address`. */
  readonly path: string;
  readonly got: string;
  readonly allowed: string;
}

export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

/** What was given, short and without secrets: only plain scalars are shown, and nothing that a secret could be. */
export function gotText(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (path.some((part) => /key|token|pass|secret|credential/i.test(String(part)))) return "(not shown)";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : "an object";
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== "object") return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** Every issue of a failed parse. A union's failure is told by its own sentence, not by each branch's. */
export function mistakesOf(error: z.ZodError, root: unknown, prefix: readonly PropertyKey[] = []): Mistake[] {
  return error.issues.flatMap((issue): Mistake[] => {
    const path = [...prefix, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: pathText([...path, key]),
        got: "an unknown key",
        allowed: "one of the keys documented in Pulumi.yaml",
      }));
    }
    return [
      { path: pathText(path), got: gotText(valueAt(root, issue.path), path), allowed: allowedText(issue) },
    ];
  });
}

function allowedText(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(", ");
  return issue.message.replace(/^Invalid input: expected /, "").replace(/, received .*$/, "");
}

export function mistakesText(mistakes: readonly Mistake[]): string {
  return mistakes
    .map(({ path, got, allowed }) => `- ${path}\n    got:     ${got}\n    allowed: ${allowed}`)
    .join("\n");
}
