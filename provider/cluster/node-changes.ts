/** What a stack has a say in on a node's object, among all that the kubelet and controllers write there. Pure. */
import { at, isObject, listAt, objectAt, textAt, type Json, type JsonObject } from "../kubernetes/json.ts";

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** The labels and taints that are ours; every other one on the node is somebody else's. */
export interface NodeMarks {
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

export const NO_MARKS: NodeMarks = { labels: {}, taints: [] };

export function nodeObject(name: string, wanted: NodeMarks): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: wanted.labels },
    spec: { taints: wanted.taints.map(taintObject) },
  };
}

/**
 * The merge patch that brings our marks about and takes away those we had before, or undefined where nothing is to
 * be done. It holds only for the version of the object that it was made from.
 */
export function nodePatch(found: Json, former: NodeMarks, wanted: NodeMarks): JsonObject | undefined {
  const labels = labelChanges(objectAt(found, "metadata", "labels"), former.labels, wanted.labels);
  const taints = taintsAfter(listAt(found, "spec", "taints"), former.taints, wanted.taints);
  if (Object.keys(labels).length === 0 && taints === undefined) return undefined;
  const resourceVersion = textAt(found, "metadata", "resourceVersion") ?? "";
  return {
    metadata: { resourceVersion, labels },
    ...(taints === undefined ? {} : { spec: { taints } }),
  };
}

/** Which of our marks a node really has. */
export function marksOn(found: Json, wanted: NodeMarks): NodeMarks {
  const labels = objectAt(found, "metadata", "labels");
  const taints = listAt(found, "spec", "taints").map(taintOf);
  return {
    labels: Object.fromEntries(
      Object.keys(wanted.labels).flatMap((key) => {
        const value = labels[key];
        return typeof value === "string" ? [[key, value] as const] : [];
      }),
    ),
    taints: wanted.taints.flatMap((taint) => taints.find((other) => isSameTaint(taint, other)) ?? []),
  };
}

function labelChanges(
  found: JsonObject,
  former: NodeMarks["labels"],
  wanted: NodeMarks["labels"],
): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const key of Object.keys(former)) {
    if (!Object.hasOwn(wanted, key) && Object.hasOwn(found, key)) changes[key] = null;
  }
  for (const [key, value] of Object.entries(wanted)) if (found[key] !== value) changes[key] = value;
  return changes;
}

/** The whole list, since a merge patch replaces lists; undefined when ours are as they should be. */
function taintsAfter(
  found: readonly Json[],
  former: readonly Taint[],
  wanted: readonly Taint[],
): readonly Json[] | undefined {
  const isOurs = (taint: Taint): boolean => [...former, ...wanted].some((other) => isSameTaint(taint, other));
  const present = found.filter((taint) => isOurs(taintOf(taint)));
  const settled =
    present.length === wanted.length &&
    wanted.every((taint) =>
      present.some((other) => isSameTaint(taintOf(other), taint) && taintOf(other).value === taint.value),
    );
  if (settled) return undefined;
  return [...found.filter((taint) => !isOurs(taintOf(taint))), ...wanted.map(taintObject)];
}

/** As Kubernetes sees it: one value for each key and effect. */
function isSameTaint(left: Taint, right: Taint): boolean {
  return left.key === right.key && left.effect === right.effect;
}

function taintObject({ key, value, effect }: Taint): JsonObject {
  return { key, effect, ...(value === "" ? {} : { value }) };
}

function taintOf(taint: Json): Taint {
  const text = (name: string): string => {
    const value = isObject(taint) ? at(taint, name) : undefined;
    return typeof value === "string" ? value : "";
  };
  return { key: text("key"), value: text("value"), effect: text("effect") };
}
