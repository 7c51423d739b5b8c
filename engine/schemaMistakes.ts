import type { z } from "zod";

/** One thing that is wrong in a file that somebody wrote: where in it, what stands there, what may. */
export interface SchemaMistake {
  /** As in `accept[0].sigstoreKey`; empty for the file as a whole. */
  readonly path: string;
  readonly got: string;
  readonly allowed: string;
}

/** Every issue of a failed parse. `unknown` says what to do with a key that there is none of. */
export function schemaMistakes(
  error: z.core.$ZodError,
  raw: unknown,
  unknown: string,
): readonly SchemaMistake[] {
  return error.issues.flatMap((issue): SchemaMistake[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: pathText([...issue.path, key]),
        got: "an unknown key",
        allowed: unknown,
      }));
    }
    const allowed =
      issue.code === "invalid_value"
        ? issue.values.map((value) => JSON.stringify(value)).join(", ")
        : issue.message.replace(/^Invalid input: expected /, "").replace(/, received .*$/, "");
    return [{ path: pathText(issue.path), got: gotText(valueAt(raw, issue.path)), allowed }];
  });
}

/** Names that are no plain words stand in brackets, so that a path reads one way only. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => {
      if (typeof part === "number") return `[${part}]`;
      const text = String(part);
      return /^[\w-]+$/.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`;
    })
    .join("")
    .replace(/^\./, "");
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    root,
  );
}

function gotText(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  if (text.includes("PRIVATE KEY")) return "a private key (not shown)";
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
