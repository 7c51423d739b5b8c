/**
 * Fields that were set by hand with kubectl, or by a client-side write of Pulumi's own, pass over to this
 * provider when the program says something about the object: nobody else stands behind them. Without this,
 * an edit by hand would block every later run, and fields that leave the program would stay.
 */
import type { Refusal } from "../../../provider/kubernetes/failure.ts";
import { parsePath, type Path } from "./diff/path.ts";
import {
  at,
  isArray,
  isObject,
  listAt,
  textAt,
  type Json,
  type JsonObject,
} from "../../../provider/kubernetes/json.ts";
import type { Manifest } from "./object/manifest.ts";
import { sameJson } from "./wait/same.ts";

const BY_HAND = ["before-first-apply", "kubectl", "pulumi-kubernetes.exe", "pulumi-resource-kubernetes"];

/** kubectl's verbs each write under a name of their own, `kubectl-edit` for example. */
function isByHand(entry: Json): boolean {
  const manager = textAt(entry, "manager") ?? "";
  // Under its bare name the official provider creates; what it applies carries a suffix of its own.
  if (manager === "pulumi-kubernetes") return textAt(entry, "operation") === "Update";
  return BY_HAND.some((name) => manager === name || manager.startsWith(`${name}-`));
}

/** The managed fields after the passing over, or undefined when there is nothing to pass. */
export function adoptedFields(object: Manifest, fieldManager: string): readonly Json[] | undefined {
  const entries = listAt(object, "metadata", "managedFields");
  const byHand = entries.filter((entry) => isByHand(entry) && textAt(entry, "subresource") === undefined);
  if (byHand.length === 0) return undefined;
  const isOurs = (entry: Json): boolean =>
    textAt(entry, "manager") === fieldManager && textAt(entry, "operation") === "Apply";
  const ours = entries.filter(isOurs);
  const fields = [...ours, ...byHand].map((entry) => (isObject(entry) ? (entry["fieldsV1"] ?? {}) : {}));
  const merged: JsonObject = {
    manager: fieldManager,
    operation: "Apply",
    apiVersion: textAt(ours[0] ?? byHand[0], "apiVersion") ?? "v1",
    fieldsType: "FieldsV1",
    fieldsV1: fields.reduce(union, {}),
  };
  const others = entries.filter((entry) => !isOurs(entry) && !byHand.some((given) => sameJson(given, entry)));
  return [merged, ...others];
}

/** The manifest with the cluster's own value at each path that is to be ignored, if there is one. */
export function withLiveValues(manifest: Manifest, live: Manifest, paths: readonly string[]): Manifest {
  return paths.map(parsePath).reduce<Manifest>((changed, path) => {
    const value = at(live, ...path);
    const replaced = value === undefined ? changed : replacedAt(changed, path, value);
    return isObject(replaced) ? replaced : changed;
  }, manifest);
}

/** Only what the program names is replaced: nothing is added to it. */
function replacedAt(target: Json | undefined, [step, ...rest]: Path, value: Json): Json {
  if (step === undefined) return value;
  if (typeof step === "number") {
    if (!isArray(target) || target[step] === undefined) return target ?? null;
    return target.with(step, replacedAt(target[step], rest, value));
  }
  if (!isObject(target) || target[step] === undefined) return target ?? null;
  return { ...target, [step]: replacedAt(target[step], rest, value) };
}

/** True when all whom the refusal names wrote by hand. */
export function conflictsByHandOnly(refusal: Refusal): boolean {
  const managers = refusal.causes.map(({ message }) => /conflict with "([^"]+)"/.exec(message)?.[1]);
  return (
    managers.length > 0 &&
    managers.every((manager) => manager !== undefined && isByHand({ manager, operation: "Update" }))
  );
}

function union(left: Json, right: Json): Json {
  if (!isObject(left) || !isObject(right)) return right;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return Object.fromEntries(
    [...keys].map((key): [string, Json] => [key, union(left[key] ?? {}, right[key] ?? {})]),
  );
}
