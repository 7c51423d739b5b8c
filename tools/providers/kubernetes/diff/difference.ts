/** The difference between a recorded object and the program's wish, as Pulumi wants to hear it. */
import type { Change } from "../../../../provider/protocol/resource.ts";
import type { Revealed, RevealedProperties } from "../../../../provider/protocol/value.ts";
import { isRevealedMap } from "../object/plain.ts";
import { compare, sameRevealed, valueAt, type FieldChange } from "./compare.ts";
import { normalSecretData, pruned } from "./normal.ts";
import { formatPath, isWithin, overlaps, parsePath, type Path } from "./path.ts";

export interface Sides {
  /** As last seen in the cluster. */
  readonly live: RevealedProperties;
  /** What the program asked for then. */
  readonly oldInputs: RevealedProperties;
  /** What it asks for now. */
  readonly newInputs: RevealedProperties;
  readonly imported: boolean;
}

const READ_ONLY = [
  "metadata.creationTimestamp",
  "metadata.generation",
  "metadata.managedFields",
  "metadata.resourceVersion",
  "metadata.uid",
  "status",
].map(parsePath);

/** Every field in which the cluster's object is not what the program wants. */
export function fieldChanges(sides: Sides, ignoreChanges: readonly string[]): FieldChange[] {
  const wanted = withIdentity(normalSecretData(sides.newInputs), sides.live);
  const asked = sides.imported ? wanted : normalSecretData(sides.oldInputs);
  const seen = pruned(sides.live, asked);
  const old = withIdentity(isRevealedMap(seen) ? seen : {}, sides.live);
  const ignored = ignoreChanges.map(parsePath);
  return compare(old, wanted).filter(
    ({ path }) =>
      !READ_ONLY.some((prefix) => isWithin(path, prefix)) &&
      !ignored.some((prefix) => isWithin(path, prefix)),
  );
}

/**
 * Leaves out changes that are none: the program asks what it asked before, and applying it again would leave
 * the field as it is. `1000m` of CPU, for example, comes back as `1`.
 */
export function withoutRespelled(
  changes: readonly FieldChange[],
  sides: Sides,
  afterDryRun: RevealedProperties,
): FieldChange[] {
  const before = normalSecretData(sides.oldInputs);
  const now = normalSecretData(sides.newInputs);
  return changes.filter(({ path }) => {
    const unasked = !sides.imported && !sameRevealed(valueAt(before, path), valueAt(now, path));
    return unasked || !sameRevealed(valueAt(sides.live, path), valueAt(afterDryRun, path));
  });
}

/** Pulumi's detailed diff; a change within an immutable field replaces the object. */
export function detailed(
  changes: readonly FieldChange[],
  sides: Sides,
  immutable: readonly Path[],
): Record<string, Change> {
  const before = normalSecretData(sides.oldInputs);
  const now = normalSecretData(sides.newInputs);
  return Object.fromEntries(
    changes.map(({ path, kind }): [string, Change] => {
      const replaces = immutable.some((prefix) => overlaps(path, prefix));
      const asked = !sameRevealed(valueAt(before, path), valueAt(now, path));
      return [
        formatPath(asWritten(path, sides)),
        { kind: replaces ? `${kind}-replace` : kind, inputDiff: asked },
      ];
    }),
  );
}

/** A Secret's field under the name the program wrote it by. */
function asWritten(path: Path, sides: Sides): Path {
  if (path[0] !== "data" || path.length < 2) return path;
  const spelled: Path = ["stringData", ...path.slice(1)];
  const written = valueAt(sides.newInputs, spelled) ?? valueAt(sides.oldInputs, spelled);
  return written === undefined ? path : spelled;
}

/** Kind and version always compare as equal: another API version of the same object is no other object. */
function withIdentity(manifest: RevealedProperties, live: RevealedProperties): RevealedProperties {
  const identity: Record<string, Revealed> = {};
  for (const key of ["apiVersion", "kind"]) {
    const value = live[key];
    if (value !== undefined) identity[key] = value;
  }
  return { ...manifest, ...identity };
}
