/**
 * The seam between the cluster and what runs its pods: everything the other parts know about a runtime. A
 * further runtime is one more file beside this one and one more line in `runtimeFor`.
 */
import type { ArtefactName, ClusterConfig } from "../../config/schema.ts";
import type { ClusterPlan, NodePlan } from "../cluster/plan.ts";
import type { RegistryAccess } from "./registries.ts";
import type { RoleState } from "../host/role-state.ts";
import { containerd } from "./containerd.ts";

export interface Runtime {
  /** Artefacts that its role's files hold. */
  readonly artefacts: readonly ArtefactName[];
  /** What the kubelet dials. */
  readonly socket: string;
  /** The unit that must run before the kubelet does. */
  readonly unit: string;
  /** What a node must hold to run pods by it. */
  state(plan: ClusterPlan, node: NodePlan, registries: readonly RegistryAccess[]): RoleState;
}

const RUNTIMES: Readonly<Record<ClusterConfig["runtime"], Runtime>> = { containerd };

export function runtimeFor(name: ClusterConfig["runtime"]): Runtime {
  return RUNTIMES[name];
}
