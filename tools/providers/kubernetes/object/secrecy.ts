/** Which parts of an object are secret: all data of a Secret, and whatever came in as one. */
import {
  containsSecret,
  isMap,
  reveal,
  Secret,
  type Properties,
  type Value,
} from "../../../../provider/protocol/value.ts";

/** Where `kubectl apply` keeps a copy of all it applied, a Secret's data included. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The object with envelopes where the inputs had them and around the data of a Secret. */
export function withSecrecy(object: Properties, inputs: Properties): Properties {
  return isSecretKind(object) ? sealSecretData(sealLike(object, inputs)) : sealLike(object, inputs);
}

function isSecretKind(object: Properties): boolean {
  return object["kind"] === "Secret" && object["apiVersion"] === "v1";
}

function sealSecretData(object: Properties): Properties {
  const sealed: Record<string, Value> = { ...object };
  for (const key of ["data", "stringData"]) {
    const value = sealed[key];
    if (value !== undefined && value !== null && !(value instanceof Secret))
      sealed[key] = new Secret(reveal(value));
  }
  const metadata = sealed["metadata"];
  if (metadata !== undefined && isMap(metadata)) {
    const annotations = metadata["annotations"];
    if (annotations !== undefined && isMap(annotations) && annotations[LAST_APPLIED] !== undefined) {
      const copy = new Secret(annotations[LAST_APPLIED]);
      sealed["metadata"] = { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: copy } };
    }
  }
  return sealed;
}

/** Lists are sealed whole: the server may have put its own items among ours. */
function sealLike(object: Properties, inputs: Properties): Properties {
  const sealed: Record<string, Value> = { ...object };
  for (const [key, input] of Object.entries(inputs)) {
    const value = sealed[key];
    if (value === undefined || value instanceof Secret) continue;
    if (isMap(value) && isMap(input)) sealed[key] = sealLike(value, input);
    else if (containsSecret(input)) sealed[key] = new Secret(value);
  }
  return sealed;
}
