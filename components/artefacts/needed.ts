/** Which artefacts a plan needs. Pure. */
import type { ArtefactName } from "../../config/schema.ts";
import type { ClusterPlan } from "../cluster/plan.ts";
import { runtimeFor } from "../runtime/runtime.ts";

export function artefactsNeeded(plan: ClusterPlan): readonly ArtefactName[] {
  return ["kubernetes", "cni", "coredns", "metrics-server", ...runtimeFor(plan.runtime).artefacts];
}
