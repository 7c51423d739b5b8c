/**
 * What the state holds of an object: the live object as outputs, and beside it, as the official provider does
 * it, the inputs it was made from, the API version first used and the field manager.
 */
import { createHash } from "node:crypto";
import { isMap, Unknown, type Properties, type Value } from "../../../../provider/protocol/value.ts";
import { fieldManagerOf } from "./annotation.ts";
import { objectAt, type JsonObject } from "../../../../provider/kubernetes/json.ts";
import type { Manifest } from "./manifest.ts";
import { plainManifest, valuesOf } from "./plain.ts";
import { withSecrecy } from "./secrecy.ts";

const INPUTS = "__inputs";
const FIELD_MANAGER = "__fieldManager";
const INITIAL_API_VERSION = "__initialApiVersion";
/** Set on what was imported: fields that the program does not mention are then nobody's wish. */
const IMPORTED = "__imported";

export interface Recorded {
  readonly live: Manifest;
  readonly inputs: Properties;
  readonly fieldManager: string | undefined;
  readonly initialApiVersion: string | undefined;
  readonly imported: boolean;
}

export interface Recording {
  readonly live: Manifest;
  readonly inputs: Properties;
  readonly fieldManager: string;
  readonly initialApiVersion: string;
  readonly imported?: boolean;
}

export function recordOf(recording: Recording): Properties {
  const { live, inputs, fieldManager, initialApiVersion, imported } = recording;
  return {
    ...withSecrecy(valuesOf(withoutManagedFields(live)), inputs),
    [INPUTS]: withSecrecy(inputs, inputs),
    [FIELD_MANAGER]: fieldManager,
    [INITIAL_API_VERSION]: initialApiVersion,
    ...(imported === true ? { [IMPORTED]: true } : {}),
  };
}

export function readRecord(outputs: Properties, inputs: Properties): Recorded {
  const recordedInputs = outputs[INPUTS];
  const own = new Set([INPUTS, FIELD_MANAGER, INITIAL_API_VERSION, IMPORTED]);
  const live = Object.fromEntries(Object.entries(outputs).filter(([key]) => !own.has(key)));
  return {
    live: plainManifest(withoutUnknown(live)),
    inputs: recordedInputs !== undefined && isMap(recordedInputs) ? recordedInputs : inputs,
    fieldManager: textOf(outputs[FIELD_MANAGER]),
    initialApiVersion: textOf(outputs[INITIAL_API_VERSION]),
    imported: outputs[IMPORTED] === true,
  };
}

/**
 * The name under which the API server keeps which fields are ours: what the program says, else what was
 * recorded, else one made from the URN, so that a run that was killed before it could record the object knows
 * it again.
 */
export function fieldManagerFor(manifest: Manifest, recorded: string | undefined, urn: string): string {
  return (
    fieldManagerOf(manifest) ??
    recorded ??
    `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`
  );
}

function withoutManagedFields(live: Manifest): Manifest {
  if (live["metadata"] === undefined) return live;
  const kept = Object.entries(objectAt(live, "metadata")).filter(([key]) => key !== "managedFields");
  const metadata: JsonObject = Object.fromEntries(kept);
  return { ...live, metadata };
}

function textOf(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function withoutUnknown(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([key, value]): [string, Value][] => {
      if (value instanceof Unknown) return [];
      return [[key, isMap(value) ? withoutUnknown(value) : value]];
    }),
  );
}
