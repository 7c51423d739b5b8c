/** One form for what means the same, so that only real differences are found. */
import { Unknown, type Revealed, type RevealedProperties } from "../../../../provider/protocol/value.ts";
import { isRevealedMap } from "../object/plain.ts";

/** `stringData` is only another way to write `data`, and the API server never returns it. */
export function normalSecretData(manifest: RevealedProperties): RevealedProperties {
  const stringData = manifest["stringData"];
  if (manifest["kind"] !== "Secret" || !isRevealedMap(stringData)) return manifest;
  const data = manifest["data"];
  const encoded = Object.entries(stringData).map(([key, value]): [string, Revealed] => [
    key,
    typeof value === "string" ? Buffer.from(value, "utf8").toString("base64") : value,
  ]);
  const rest = Object.fromEntries(Object.entries(manifest).filter(([key]) => key !== "stringData"));
  return { ...rest, data: { ...(isRevealedMap(data) ? data : {}), ...Object.fromEntries(encoded) } };
}

/**
 * The live value cut down to what the inputs mention: everything else is the cluster's own business. A list
 * is cut item by item, and to the inputs' length.
 */
export function pruned(live: Revealed | undefined, inputs: Revealed): Revealed | undefined {
  if (live === undefined || inputs instanceof Unknown) return live;
  if (isRevealedMap(inputs) && isRevealedMap(live)) {
    return Object.fromEntries(
      Object.entries(inputs).flatMap(([key, input]): [string, Revealed][] => {
        const value = pruned(live[key], input);
        return value === undefined ? [] : [[key, value]];
      }),
    );
  }
  if (Array.isArray(inputs) && Array.isArray(live)) {
    const inputItems: readonly Revealed[] = inputs;
    const liveItems: readonly Revealed[] = live;
    return liveItems
      .slice(0, inputItems.length)
      .map((item, index) => pruned(item, inputItems[index] ?? null) ?? null);
  }
  return live;
}
