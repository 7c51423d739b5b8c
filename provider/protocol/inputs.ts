/** Checks of a resource's inputs: every failure at once, each with its path, and none for what is not known yet. */
import type { z } from "zod";
import type { CheckFailure } from "./resource.ts";
import {
  containsUnknown,
  isList,
  isMap,
  revealProperties,
  Secret,
  type Properties,
  type Value,
} from "./value.ts";

type Segment = string | number;

/**
 * What the schema has against the inputs. `maps` are the properties whose keys are names that a user chose;
 * those are written in quotes, as in `leaves["apiserver"].commonName`.
 */
export function failuresOf(
  schema: z.ZodType,
  inputs: Properties,
  maps: readonly string[] = [],
): CheckFailure[] {
  const parsed = schema.safeParse(revealProperties(inputs));
  if (parsed.success) return [];
  const failures = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map((segment) => (typeof segment === "symbol" ? String(segment) : segment));
    if (issue.code === "unrecognized_keys") {
      const reason = "there is no such input; check its spelling";
      return issue.keys.map((key) => ({ property: propertyPath([...path, key], maps), reason }));
    }
    const value = valueAt(inputs, path);
    if (value === undefined) return [{ property: propertyPath(path, maps), reason: "is required" }];
    if (containsUnknown(value)) return [];
    return [{ property: propertyPath(path, maps), reason: `${issue.message}${gotText(value)}` }];
  });
  return inOrder(failures);
}

/** In the order of their paths: maps travel in any order. */
export function inOrder(failures: readonly CheckFailure[]): CheckFailure[] {
  return failures.toSorted((left, right) => (left.property < right.property ? -1 : 1));
}

/** The text of a path: `leaves["apiserver"].addresses[0]`. */
export function propertyPath(path: readonly Segment[], maps: readonly string[] = []): string {
  let text = "";
  let parent: Segment | undefined;
  for (const segment of path) {
    const named = typeof parent === "string" && maps.includes(parent);
    if (typeof segment === "number") text += `[${segment}]`;
    else if (named || !/^[A-Za-z_]\w*$/.test(segment)) text += `[${JSON.stringify(segment)}]`;
    else text += text === "" ? segment : `.${segment}`;
    // Below a name that a user chose, the keys are ours again, even where the name is that of a map.
    parent = named ? undefined : segment;
  }
  return text;
}

/** What was given, where showing it helps and betrays nothing. */
function gotText(value: Value): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return `; got ${JSON.stringify(value)}`;
  }
  return "";
}

/** The value at a path, in the envelope if it, or anything above it, came in one. */
function valueAt(root: Value, path: readonly Segment[]): Value | undefined {
  let value: Value | undefined = root;
  let secret = false;
  for (const segment of path) {
    if (value instanceof Secret) {
      secret = true;
      value = value.value;
    }
    if (value === undefined) return undefined;
    if (isList(value) && typeof segment === "number") value = value[segment];
    else if (isMap(value)) value = value[String(segment)];
    // The path leads into what is not known yet, or not what it should be: that is the value to judge by.
    else break;
  }
  return secret && value !== undefined ? new Secret(value) : value;
}
