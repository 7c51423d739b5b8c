/** What applying would give, for a preview; the inputs where nobody can say yet. */
import type { OperationContext } from "../../../provider/protocol/resource.ts";
import {
  containsUnknown,
  isMap,
  UNKNOWN,
  type Properties,
  type Value,
} from "../../../provider/protocol/value.ts";
import { UnknownKind } from "./api/cluster.ts";
import { isMissing, isPassing, Refusal, Unreachable } from "../../../provider/kubernetes/failure.ts";
import type { Connection } from "./connection.ts";
import type { Manifest } from "./object/manifest.ts";
import { valuesOf } from "./object/plain.ts";
import {
  attemptOf,
  outputsOf,
  placementOf,
  rehearse,
  type Kept,
  type Manner,
  type Placement,
} from "./placement.ts";
import { faultOf, immutableFieldsIn } from "./rejection.ts";

export async function foresee(
  connection: Connection,
  inputs: Properties,
  kept: Kept,
  context: OperationContext,
  manner: Manner,
): Promise<Properties> {
  if (containsUnknown(inputs) || !connection.isKnown() || connection.isAway()) return inputs;
  const placement = placementOf(connection, inputs, kept, context);
  const isNew = manner === "create";
  try {
    return foreseen(placement, await rehearse(placement), isNew);
  } catch (error) {
    if (error instanceof Unreachable) connection.markAway();
    if (cannotBeForeseen(error, isNew)) return inputs;
    throw faultOf(error, attemptOf(placement));
  }
}

/** A namespace or definition that the same run will make, rights that only the real run has, a replacement. */
function cannotBeForeseen(error: unknown, isNew: boolean): boolean {
  if (error instanceof UnknownKind || isMissing(error) || isPassing(error)) return true;
  if (error instanceof Refusal && error.code === 403) return true;
  return (
    isNew && (immutableFieldsIn(error) !== undefined || (error instanceof Refusal && error.code === 409))
  );
}

/** Of a new object, what the server makes up in a dry run is not what it will make up for real. */
function foreseen(placement: Placement, rehearsed: Manifest, isNew: boolean): Properties {
  const outputs: Record<string, Value> = { ...outputsOf(placement, rehearsed) };
  delete outputs["status"];
  if (!isNew) return outputs;
  const metadata = outputs["metadata"];
  if (metadata !== undefined && isMap(metadata)) {
    outputs["metadata"] = { ...metadata, creationTimestamp: UNKNOWN, resourceVersion: UNKNOWN, uid: UNKNOWN };
  }
  const spec = outputs["spec"];
  if (placement.reference.kind === "Service" && spec !== undefined && isMap(spec)) {
    const asked = valuesOf(placement.manifest)["spec"];
    const given = asked !== undefined && isMap(asked) ? asked : {};
    outputs["spec"] = {
      ...spec,
      ...(given["clusterIP"] === undefined ? { clusterIP: UNKNOWN, clusterIPs: UNKNOWN } : {}),
    };
  }
  return outputs;
}
