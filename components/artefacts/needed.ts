/** Which artefacts a plan needs. Pure. */
import type { ArtefactName } from "../../config/schema.ts";
import type { ClusterPlan } from "../cluster/plan.ts";
import { CNI_ARTEFACTS } from "../network/state.ts";
import { runtimeFor } from "../runtime/runtime.ts";

export function artefactsNeeded(plan: ClusterPlan): readonly ArtefactName[] {
  return ["kubernetes", "coredns", ...CNI_ARTEFACTS, ...runtimeFor(plan.runtime).artefacts];
}
