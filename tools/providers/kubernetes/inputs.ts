/** Inputs made from what is in the cluster: after a refresh, and on import. */
import type { Properties, Revealed, RevealedProperties, Value } from "../../../provider/protocol/value.ts";
import { sameRevealed } from "./diff/compare.ts";
import { objectAt, without, type JsonObject } from "../../../provider/kubernetes/json.ts";
import { withoutReadOnlyMetadata, type Manifest } from "./object/manifest.ts";
import { isRevealedList, isRevealedMap, revealedManifest, valuesOf } from "./object/plain.ts";
import { withSecrecy } from "./object/secrecy.ts";

/** Annotations that controllers and clients write for themselves. */
const FOREIGN_ANNOTATIONS = [
  "deployment.kubernetes.io/revision",
  "kubectl.kubernetes.io/last-applied-configuration",
  "pv.kubernetes.io/bind-completed",
  "pv.kubernetes.io/bound-by-controller",
];

/**
 * What the inputs ask for, with the values it has now: drift is then a difference to the program. What is as
 * it was when last recorded keeps the program's spelling, which may be another than the API server's.
 */
export function refreshedInputs(live: Manifest, recorded: Manifest, inputs: Properties): Properties {
  const asked = revealedManifest(inputs);
  const now = refreshed(asked, withDecodedData(live, asked), withDecodedData(recorded, asked));
  return withSecrecy(isRevealedMap(now) ? valuesFrom(now) : {}, inputs);
}

/** Everything about the object that a program could have asked for. */
export function importedInputs(live: Manifest): Properties {
  const declared = without(withoutReadOnlyMetadata(live), "status");
  const metadata = objectAt(declared, "metadata");
  const annotations = without(objectAt(metadata, "annotations"), ...FOREIGN_ANNOTATIONS);
  const kept: JsonObject = Object.keys(annotations).length === 0 ? {} : { annotations };
  const inputs = valuesOf({ ...declared, metadata: { ...without(metadata, "annotations"), ...kept } });
  return withSecrecy(inputs, inputs);
}

function refreshed(
  asked: Revealed,
  now: Revealed | undefined,
  before: Revealed | undefined,
): Revealed | undefined {
  if (sameRevealed(now, before)) return asked;
  if (isRevealedMap(asked) && isRevealedMap(now)) {
    const old: RevealedProperties = isRevealedMap(before) ? before : {};
    return Object.fromEntries(
      Object.entries(asked).flatMap(([key, value]): [string, Revealed][] => {
        const found = refreshed(value, now[key], old[key]);
        return found === undefined ? [] : [[key, found]];
      }),
    );
  }
  if (isRevealedList(asked) && isRevealedList(now)) {
    const old: readonly Revealed[] = isRevealedList(before) ? before : [];
    return now
      .slice(0, asked.length)
      .map((item, index) => refreshed(asked[index] ?? null, item, old[index]) ?? null);
  }
  return now;
}

/** Data that the program wrote as text is looked at as text. */
function withDecodedData(manifest: Manifest, asked: RevealedProperties): Manifest {
  const written = asked["stringData"];
  if (!isRevealedMap(written)) return manifest;
  const data = objectAt(manifest, "data");
  const decoded = Object.keys(written).flatMap((key): [string, string][] => {
    const value = data[key];
    return typeof value === "string" ? [[key, Buffer.from(value, "base64").toString("utf8")]] : [];
  });
  return { ...manifest, stringData: Object.fromEntries(decoded) };
}

/** Spells `x-kubernetes-…` as the SDK does. */
function valuesFrom(revealed: RevealedProperties): Properties {
  const spell = (value: Revealed): Value => {
    if (isRevealedList(value)) return value.map(spell);
    return isRevealedMap(value) ? valuesFrom(value) : value;
  };
  return Object.fromEntries(
    Object.entries(revealed).map(([key, value]): [string, Value] => [
      key.startsWith("x-kubernetes-") ? key.replaceAll("-", "_") : key,
      spell(value),
    ]),
  );
}
