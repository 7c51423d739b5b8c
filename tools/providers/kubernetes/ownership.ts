/**
 * Fields that were set by hand with kubectl, or by a client-side write of Pulumi's own, pass over to this
 * provider when the program says something about the object: nobody else stands behind them. Without this,
 * an edit by hand would block every later run, and fields that leave the program would stay.
 */
import type { Refusal } from "./api/failure.ts";
import { isObject, listAt, textAt, type Json, type JsonObject } from "./object/json.ts";
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
