/** A State's inputs: parsed once at the edge, tolerant of what is not known yet in a preview. */
import { z } from "zod";
import type { CheckFailure } from "../../protocol/resource.ts";
import {
  containsSecret,
  isList,
  isMap,
  reveal,
  revealProperties,
  Secret,
  Unknown,
} from "../../protocol/value.ts";
import type { Properties, Value } from "../../protocol/value.ts";
import { connectionSchema } from "../connection.ts";
import { desiredStateSchema, unitSchema } from "../desired.ts";
import { hostKeyMistake } from "../ssh/host-key.ts";
import { unitMistakes } from "../unit-text.ts";

export const hostName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/, "letters, digits, dots and dashes");

export const stateSchema = desiredStateSchema.extend({
  host: hostName,
  /** What these things are for; unique on the host. */
  role: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "small letters, digits and dashes"),
  connection: connectionSchema,
  /** The claim's `claim` output: nothing is changed on a host that is not ours. */
  claim: z.string(),
  /** The machine is gone for good: delete lets go of it without dialing. */
  abandon: z.boolean().default(false),
});

export type StateInputs = z.infer<typeof stateSchema>;

/** Maps whose entries are compared, shown and repaired one by one. */
export const ITEM_MAPS = ["packages", "users", "directories", "files", "sysctls", "units", "probes"] as const;
export type ItemMap = (typeof ITEM_MAPS)[number];

/** The inputs as plain data. Throws when they do not fit, which `check` has ruled out before. */
export function parseState(inputs: Properties): StateInputs {
  return stateSchema.parse(revealProperties(inputs));
}

/** One item of one of the maps, with its defaults; undefined when it is absent or not wholly known. */
export function parseItem<Item>(
  schema: z.ZodType<Item>,
  inputs: Properties,
  kind: ItemMap,
  name: string,
): Item | undefined {
  const item = itemOf(inputs, kind, name);
  if (item === undefined) return undefined;
  const parsed = schema.safeParse(reveal(item));
  return parsed.success ? parsed.data : undefined;
}

/** An item as it was given, in its secret's envelope if the whole map was one. */
export function itemOf(inputs: Properties, kind: ItemMap, name: string): Value | undefined {
  const map = inputs[kind];
  if (map instanceof Secret) {
    const item = isMap(map.value) ? map.value[name] : undefined;
    return item === undefined ? undefined : new Secret(item);
  }
  return map !== undefined && isMap(map) && Object.hasOwn(map, name) ? map[name] : undefined;
}

export function itemNames(inputs: Properties, kind: ItemMap): string[] {
  return namesIn(inputs[kind]);
}

function namesIn(value: Value | undefined): string[] {
  const map = unveil(value ?? {});
  return isMap(map) ? Object.keys(map) : [];
}

/** Whether an item, or any part of it, came as a secret. */
export function isSecretItem(inputs: Properties, kind: ItemMap, name: string): boolean {
  const item = itemOf(inputs, kind, name);
  return item !== undefined && containsSecret(item);
}

function unveil(value: Value): Value {
  return value instanceof Secret ? value.value : value;
}

/** Every mistake in the inputs, apart from those about what is not known yet. */
export function checkInputs(schema: z.ZodType, inputs: Properties): CheckFailure[] {
  const plain = revealProperties(inputs);
  const parsed = schema.safeParse(plain);
  if (parsed.success) return [];
  return parsed.error.issues
    .filter((issue) => !touchesUnknown(inputs, issue.path))
    .flatMap((issue) => explain(issue, inputs));
}

/** Mistakes that only several fields together show. */
export function checkState(inputs: Properties): CheckFailure[] {
  const failures = checkInputs(stateSchema, inputs);
  for (const name of itemNames(inputs, "files")) {
    const item = unveil(itemOf(inputs, "files", name) ?? null);
    if (!isMap(item)) continue;
    const given = ["content", "source", "target"].filter(
      (field) => item[field] !== undefined && item[field] !== null,
    );
    if (given.length !== 1) {
      failures.push({
        property: `files["${name}"]`,
        reason: `exactly one of content, source and target is needed; given: ${given.length === 0 ? "none" : given.join(" and ")}`,
      });
    }
  }
  for (const name of namesIn(inputs["packageFiles"])) {
    if (!itemNames(inputs, "packages").includes(name) || itemOf(inputs, "packages", name) === "") {
      failures.push({
        property: `packageFiles["${name}"]`,
        reason: `packages["${name}"] must say which version the file holds`,
      });
    }
  }
  const files = new Set(itemNames(inputs, "files"));
  for (const name of itemNames(inputs, "units")) {
    const unit = parseItem(unitSchema, inputs, "units", name);
    if (unit === undefined) continue;
    for (const mistake of unitMistakes(unit.sections ?? {})) {
      failures.push({ property: `units["${name}"].sections.${mistake.path}`, reason: mistake.reason });
    }
    for (const path of unit.restartOn.filter((watched) => !files.has(watched))) {
      failures.push({
        property: `units["${name}"].restartOn`,
        reason: `${path} is not among the files of this role; allowed: paths of files`,
      });
    }
  }
  return [...failures, ...checkHostKeys(inputs)];
}

export function checkHostKeys(inputs: Properties): CheckFailure[] {
  const connection = unveil(inputs["connection"] ?? null);
  const keys = isMap(connection) ? unveil(connection["hostKeys"] ?? null) : null;
  if (!isList(keys)) return [];
  return keys.flatMap((key, index) => {
    const text = unveil(key);
    const mistake = typeof text === "string" ? hostKeyMistake(text) : undefined;
    return mistake === undefined ? [] : [{ property: `connection.hostKeys[${index}]`, reason: mistake }];
  });
}

function explain(issue: z.core.$ZodIssue, inputs: Properties): CheckFailure[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      property: propertyPath([...issue.path, key]),
      reason: "no such setting",
    }));
  }
  const got = valueAt(inputs, issue.path);
  const shown =
    got === undefined ? "nothing" : containsSecret(got) ? "[secret]" : JSON.stringify(got).slice(0, 120);
  return [{ property: propertyPath(issue.path), reason: `${issue.message}; got: ${shown}` }];
}

/** As people and Pulumi write it: `files["/etc/x"].mode`. */
export function propertyPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = String(part);
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return text === "" ? name : `${text}.${name}`;
    return `${text}["${name}"]`;
  }, "");
}

function valueAt(inputs: Properties, path: readonly PropertyKey[]): Value | undefined {
  let value: Value | undefined = inputs;
  let secret = false;
  for (const part of path) {
    if (value instanceof Secret) {
      secret = true;
      value = value.value;
    }
    if (value === undefined || value instanceof Unknown) return value;
    if (isList(value)) value = value[Number(part)];
    else if (isMap(value)) value = value[String(part)];
    else return undefined;
  }
  return secret && value !== undefined ? new Secret(value) : value;
}

function touchesUnknown(inputs: Properties, path: readonly PropertyKey[]): boolean {
  return path.some((_, index) => isUnknown(valueAt(inputs, path.slice(0, index + 1))));
}

function isUnknown(value: Value | undefined): boolean {
  return value instanceof Unknown || (value instanceof Secret && isUnknown(value.value));
}
