/**
 * Between the engine's values and the API's JSON. Custom resource definitions have fields called
 * `x-kubernetes-…`, which the SDK spells with underscores.
 */
import {
  isList,
  isMap,
  reveal,
  Unknown,
  type Properties,
  type Revealed,
  type RevealedProperties,
  type Value,
} from "../../../../provider/protocol/value.ts";
import { isArray, isObject, type Json, type JsonObject } from "../../../../provider/kubernetes/json.ts";

/** The engine's values without secrets' envelopes, nulls left out; what is not known yet stays unknown. */
export function revealedManifest(properties: Properties): RevealedProperties {
  const revealed = withoutNulls(reveal(properties));
  return isRevealedMap(revealed) ? revealed : {};
}

/** As JSON, for the API server; only for properties in which everything is known. */
export function plainManifest(properties: Properties): JsonObject {
  const plain = toJson(revealedManifest(properties));
  return isObject(plain) ? plain : {};
}

/** As the engine's values, for the state. */
export function valuesOf(manifest: JsonObject): Properties {
  return Object.fromEntries(
    Object.entries(manifest).map(([key, value]): [string, Value] => [underscored(key), valueOf(value)]),
  );
}

export function isRevealedMap(value: Revealed | undefined): value is RevealedProperties {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}

export function isRevealedList(value: Revealed | undefined): value is readonly Revealed[] {
  return Array.isArray(value);
}

function toJson(value: Revealed): Json {
  if (value instanceof Unknown)
    throw new Error("a value that is not known yet cannot be sent to the API server");
  if (isRevealedList(value)) return value.map(toJson);
  if (isRevealedMap(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
  }
  return value;
}

function withoutNulls(value: Revealed): Revealed {
  if (isRevealedList(value)) return value.map(withoutNulls);
  if (!isRevealedMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [dashed(key), withoutNulls(item)]),
  );
}

function valueOf(json: Json): Value {
  if (isArray(json)) return json.map(valueOf);
  if (isObject(json)) return valuesOf(json);
  return json;
}

const UNDERSCORED = /^x_kubernetes_/;
const DASHED = /^x-kubernetes-/;

function dashed(key: string): string {
  return UNDERSCORED.test(key) ? key.replaceAll("_", "-") : key;
}

function underscored(key: string): string {
  return DASHED.test(key) ? key.replaceAll("-", "_") : key;
}

/** True when the engine's value is a map or list worth looking into. */
export function isCompound(value: Value): boolean {
  return isMap(value) || isList(value);
}
