/** Waits until a deleted object is gone, and when it stays, names what holds it. */
import { Fault } from "../../../../errors/fault.ts";
import type { Log } from "../../../../provider/protocol/resource.ts";
import type { Cluster } from "../api/cluster.ts";
import { abortReason } from "../../../../provider/kubernetes/client.ts";
import { listAt, textAt } from "../../../../provider/kubernetes/json.ts";
import { referenceOf, titleOf, type Manifest, type ObjectReference } from "../object/manifest.ts";
import { condition } from "./readiness.ts";

export interface GoneWait {
  readonly cluster: Cluster;
  readonly reference: ObjectReference;
  /** The object that was deleted; one of the same name with another uid is somebody else's. */
  readonly uid: string | undefined;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export async function untilGone(wait: GoneWait): Promise<void> {
  const { cluster, reference, signal, timeoutSeconds } = wait;
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
  const inner = AbortSignal.any([signal, deadline]);
  let last: Manifest | undefined;
  const isOurs = (object: Manifest): boolean =>
    wait.uid === undefined || textAt(object, "metadata", "uid") === wait.uid;
  try {
    for await (const sighting of cluster.watchObject(reference, inner, (error) => {
      wait.log.progress(error instanceof Error ? error.message : String(error));
    })) {
      if (sighting.type === "present" && isOurs(sighting.object)) {
        last = sighting.object;
        wait.log.progress(`waiting for its end: ${holders(last).join("; ")}`);
      } else if (sighting.type === "present") return;
      else if (sighting.type === "gone" && isOurs(sighting.object)) return;
      else if (sighting.type === "listed" && !sighting.names.includes(reference.name)) return;
    }
  } catch (error) {
    if (!inner.aborted) throw error;
  }
  if (signal.aborted) throw abortReason(signal);
  throw new Fault({
    what: `is still there ${timeoutSeconds} s after it was deleted`,
    where: titleOf(last === undefined ? reference : referenceOf(last)),
    got: last === undefined ? "nothing was heard of it" : holders(last).join("\n           "),
    remedy:
      "let the controllers that own these finalizers do their work (are they running?), or remove the finalizers by hand if their owners are gone; then run again",
  });
}

/** What keeps a deleted object from going. */
export function holders(object: Manifest): string[] {
  const finalizers = [
    ...listAt(object, "metadata", "finalizers"),
    ...listAt(object, "spec", "finalizers"),
  ].filter((finalizer) => typeof finalizer === "string");
  const remaining = [
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionContentFailure",
  ]
    .map((type) => condition(object, type))
    .filter((entry) => textAt(entry, "status") === "True")
    .map((entry) => textAt(entry, "message") ?? "");
  if (finalizers.length === 0 && remaining.length === 0) return ["its pods or other dependents are ending"];
  const named = finalizers.map((finalizer) => `finalizer ${finalizer}`);
  return [...named, ...remaining];
}
