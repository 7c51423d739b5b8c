/** Inputs made from what is in the cluster: after a refresh, and on import. */
import type { Properties, Revealed, Value } from "../../../provider/protocol/value.ts";
import { pruned, type RevealedMap } from "./diff/normal.ts";
import { normalSecretData } from "./diff/normal.ts";
import { objectAt, type JsonObject } from "./object/json.ts";
import { withoutReadOnlyMetadata, type Manifest } from "./object/manifest.ts";
import { isRevealedMap, revealedManifest, valuesOf } from "./object/plain.ts";
import { withSecrecy } from "./object/secrecy.ts";

/** Annotations that controllers and clients write for themselves. */
const FOREIGN_ANNOTATIONS = [
  "deployment.kubernetes.io/revision",
  "kubectl.kubernetes.io/last-applied-configuration",
  "pv.kubernetes.io/bind-completed",
  "pv.kubernetes.io/bound-by-controller",
];

/** What the inputs ask for, with the values it has now: drift is then a difference to the program. */
export function refreshedInputs(live: Manifest, inputs: Properties): Properties {
  const asked = revealedManifest(inputs);
  const now = pruned(live, normalSecretData(asked));
  const refreshed = withStringData(isRevealedMap(now) ? now : {}, asked);
  return withSecrecy(valuesFrom(refreshed), inputs);
}

/** Everything about the object that a program could have asked for. */
export function importedInputs(live: Manifest): Properties {
  const { status: _status, ...declared } = withoutReadOnlyMetadata(live);
  const annotations = Object.entries(objectAt(declared, "metadata", "annotations")).filter(
    ([key]) => !FOREIGN_ANNOTATIONS.includes(key),
  );
  const { annotations: _all, ...metadata } = objectAt(declared, "metadata");
  const kept: JsonObject = annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) };
  const inputs = valuesOf({ ...declared, metadata: { ...metadata, ...kept } });
  return withSecrecy(inputs, inputs);
}

/** Data that was written as text stays text. */
function withStringData(manifest: RevealedMap, asked: RevealedMap): RevealedMap {
  const written = asked["stringData"];
  const data = manifest["data"];
  if (!isRevealedMap(written) || !isRevealedMap(data)) return manifest;
  const text = Object.keys(written).flatMap((key): [string, Revealed][] => {
    const value = data[key];
    return typeof value === "string" ? [[key, Buffer.from(value, "base64").toString("utf8")]] : [];
  });
  const encoded = Object.entries(data).filter(([key]) => !(key in written));
  const { data: _data, ...rest } = manifest;
  return {
    ...rest,
    ...(encoded.length === 0 ? {} : { data: Object.fromEntries(encoded) }),
    stringData: Object.fromEntries(text),
  };
}

/** Spells `x-kubernetes-…` as the SDK does. */
function valuesFrom(revealed: RevealedMap): Properties {
  const spell = (value: Revealed): Value => {
    if (Array.isArray(value)) {
      const items: readonly Revealed[] = value;
      return items.map(spell);
    }
    return isRevealedMap(value) ? valuesFrom(value) : value;
  };
  return Object.fromEntries(
    Object.entries(revealed).map(([key, value]): [string, Value] => [
      key.startsWith("x-kubernetes-") ? key.replaceAll("-", "_") : key,
      spell(value),
    ]),
  );
}
