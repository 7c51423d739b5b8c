/** What an update would change, item by item: against the old inputs, and against what was found on the host. */
import { z } from "zod";
import type { Change, DiffArguments, Difference } from "../../protocol/resource.ts";
import {
  containsUnknown,
  isMap,
  reveal,
  sameValue,
  type Properties,
  type Value,
} from "../../protocol/value.ts";
import { connectionSchema } from "../connection.ts";
import {
  desiredStateSchema,
  directorySchema,
  fileSchema,
  probeSchema,
  unitSchema,
  userSchema,
} from "../desired.ts";
import { unitText } from "../unit-text.ts";
import {
  directoryDeviation,
  fileDeviation,
  packageDeviation,
  sysctlDeviation,
  unitDeviation,
  userDeviation,
  type Deviation,
} from "./drift.ts";
import { ITEM_MAPS, isSecretItem, itemNames, itemOf, parseItem, type ItemMap } from "./inputs.ts";
import { textDiff } from "./text-diff.ts";

/** What people call an item of each map. */
const NOUNS: Record<ItemMap, string> = {
  packages: "package",
  users: "user",
  directories: "directory",
  files: "",
  sysctls: "sysctl",
  units: "",
  probes: "probe",
};

const ITEM_SCHEMAS: Record<ItemMap, z.ZodType> = {
  packages: z.string(),
  users: userSchema,
  directories: directorySchema,
  files: fileSchema,
  sysctls: z.string(),
  units: unitSchema,
  probes: probeSchema,
};

/** Inputs beside the maps whose change needs no work on the host. */
const QUIET_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  connection: connectionSchema,
  claim: z.string(),
  abandon: z.boolean().default(false),
  teardown: desiredStateSchema.shape.teardown,
};

export function diffState(args: DiffArguments): Difference {
  const changes: Record<string, Change> = {};
  const lines: string[] = [];
  const host = text(args.news["host"]);
  for (const identity of ["host", "role"]) {
    if (!same(args.oldInputs[identity], args.news[identity])) changes[identity] = { kind: "update-replace" };
  }
  for (const [name, schema] of Object.entries(QUIET_SCHEMAS)) {
    if (!sameParsed(schema, args.oldInputs[name], args.news[name])) changes[name] = { kind: "update" };
  }
  for (const kind of ITEM_MAPS) {
    const names = new Set([...itemNames(args.oldInputs, kind), ...itemNames(args.news, kind)]);
    for (const name of names) {
      const found = itemChange(args, kind, name);
      if (found === undefined) continue;
      changes[`${kind}["${name}"]`] = found.change;
      lines.push(`${host}: ${found.line}`, ...found.details.map((detail) => `${host}:     ${detail}`));
    }
  }
  return { changes, lines, stables: ["host", "role", "hostKeys"], deleteBeforeReplace: true };
}

/** Whether the difference calls for work on the host. */
export function touchesHost(difference: Difference): boolean {
  return Object.keys(difference.changes).some(
    (path) => !Object.hasOwn(QUIET_SCHEMAS, path) || path === "teardown",
  );
}

interface ItemChange {
  readonly change: Change;
  readonly line: string;
  readonly details: readonly string[];
}

function itemChange(args: DiffArguments, kind: ItemMap, name: string): ItemChange | undefined {
  const before = itemOf(args.oldInputs, kind, name);
  const after = itemOf(args.news, kind, name);
  const called = NOUNS[kind] === "" ? name : `${NOUNS[kind]} ${name}`;
  if (after === undefined) return { change: { kind: "delete" }, line: `- ${called}`, details: [] };
  if (before === undefined) return { change: { kind: "add" }, line: `+ ${called}`, details: [] };
  if (containsUnknown(after)) {
    return { change: { kind: "update" }, line: `~ ${called}  (known after the run)`, details: [] };
  }
  const secret = isSecretItem(args.news, kind, name) || isSecretItem(args.oldInputs, kind, name);
  if (!sameParsed(ITEM_SCHEMAS[kind], before, after)) {
    const details = secret ? ["changed (secret)"] : itemDetails(args, kind, name);
    return { change: { kind: "update" }, line: `~ ${called}`, details };
  }
  const deviation = deviationOf(args, kind, name);
  if (deviation === undefined) return undefined;
  const details =
    secret || deviation.found === undefined ? [] : driftDetails(args, kind, name, deviation.found);
  const gone = foundItem(args.olds, kind, name) === undefined;
  return {
    change: { kind: gone ? "add" : "update", inputDiff: false },
    line: `${gone ? "+" : "~"} ${called}  (${deviation.what})`,
    details,
  };
}

function itemDetails(args: DiffArguments, kind: ItemMap, name: string): string[] {
  const before = itemText(args.oldInputs, kind, name);
  const after = itemText(args.news, kind, name);
  const texts = textDiff(before.body, after.body);
  return [...texts, ...textDiff(before.rest, after.rest)];
}

function driftDetails(args: DiffArguments, kind: ItemMap, name: string, found: string): string[] {
  return textDiff(found, itemText(args.news, kind, name).body);
}

/** An item as text: what it writes on the host, and its other settings line by line. */
function itemText(inputs: Properties, kind: ItemMap, name: string): { body: string; rest: string } {
  if (kind === "files") {
    const file = parseItem(fileSchema, inputs, "files", name);
    if (file === undefined) return { body: "", rest: "" };
    const { content, ...rest } = file;
    return { body: content ?? "", rest: settings(rest) };
  }
  if (kind === "units") {
    const unit = parseItem(unitSchema, inputs, "units", name);
    if (unit === undefined) return { body: "", rest: "" };
    const { sections, ...rest } = unit;
    return { body: sections === undefined ? "" : unitText(sections), rest: settings(rest) };
  }
  const item = parseItem(ITEM_SCHEMAS[kind], inputs, kind, name);
  return { body: "", rest: typeof item === "object" && item !== null ? settings(item) : String(item) };
}

function settings(item: object): string {
  return Object.entries(item)
    .map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}\n`)
    .join("");
}

function deviationOf(args: DiffArguments, kind: ItemMap, name: string): Deviation | undefined {
  const found = foundItem(args.olds, kind, name);
  switch (kind) {
    case "packages": {
      const version = parseItem(z.string(), args.news, kind, name);
      return version === undefined ? undefined : packageDeviation(version, found);
    }
    case "users": {
      const user = parseItem(userSchema, args.news, kind, name);
      return user === undefined ? undefined : userDeviation(user, found);
    }
    case "directories": {
      const directory = parseItem(directorySchema, args.news, kind, name);
      return directory === undefined ? undefined : directoryDeviation(directory, found);
    }
    case "files": {
      const file = parseItem(fileSchema, args.news, kind, name);
      return file === undefined ? undefined : fileDeviation(file, found);
    }
    case "sysctls": {
      const value = parseItem(z.string(), args.news, kind, name);
      return value === undefined ? undefined : sysctlDeviation(value, found);
    }
    case "units": {
      const unit = parseItem(unitSchema, args.news, kind, name);
      return unit === undefined ? undefined : unitDeviation(name, unit, found);
    }
    case "probes":
      return undefined;
  }
}

function foundItem(olds: Properties, kind: ItemMap, name: string): Value | undefined {
  const map = olds[kind];
  return map !== undefined && isMap(map) && Object.hasOwn(map, name) ? map[name] : undefined;
}

function same(left: Value | undefined, right: Value | undefined): boolean {
  return sameValue(left ?? null, right ?? null);
}

/** Equal once defaults are filled in. */
function sameParsed(schema: z.ZodType, left: Value | undefined, right: Value | undefined): boolean {
  if (same(left, right)) return true;
  const before = schema.safeParse(left === undefined ? undefined : reveal(left));
  const after = schema.safeParse(right === undefined ? undefined : reveal(right));
  return before.success && after.success && canonical(before.data) === canonical(after.data);
}

/** The same text for the same data, in whatever order its keys were written. */
function canonical(data: unknown): string {
  return JSON.stringify(data, (_, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "?";
}
