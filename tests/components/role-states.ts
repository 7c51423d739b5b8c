/** Every role's state on one host of the example cluster, as Cluster.ts would ask for it. */
import { addonsState } from "../../components/addons/state.ts";
import type { ClusterPlan, NodePlan } from "../../components/cluster/plan.ts";
import { controlPlaneState } from "../../components/control-plane/state.ts";
import { etcdState } from "../../components/etcd/state.ts";
import type { RoleState } from "../../components/host/role-state.ts";
import { routesState } from "../../components/network/routes.ts";
import { networkState } from "../../components/network/state.ts";
import { programsState } from "../../components/node/programs.ts";
import { nodeState } from "../../components/node/state.ts";
import type { RegistryAccess } from "../../components/runtime/registries.ts";
import { runtimeFor } from "../../components/runtime/runtime.ts";
import { pageState } from "../../components/workloads/page.ts";

export const MIRROR_CA = "-----BEGIN CERTIFICATE-----\nof the mirror\n-----END CERTIFICATE-----\n";

export const EXAMPLE_REGISTRIES: readonly RegistryAccess[] = [
  { name: "10.77.0.1:5000", server: "http://10.77.0.1:5000" },
  {
    name: "registry.example",
    server: "https://mirror.example",
    credential: "registry:registry.example",
    ca: MIRROR_CA,
  },
];

export function roleStates(plan: ClusterPlan, node: NodePlan): Readonly<Record<string, RoleState>> {
  const runtime = runtimeFor(plan.runtime);
  const routes = routesState(plan, node);
  return {
    programs: programsState(node.sharedKernel),
    ...(node.controlPlane
      ? {
          etcd: etcdState(plan, node),
          "control-plane": controlPlaneState(plan, node),
          addons: addonsState(plan, node),
        }
      : {}),
    runtime: runtime.state(plan, node, EXAMPLE_REGISTRIES),
    network: networkState(plan, node),
    node: nodeState(plan, node, runtime),
    ...(routes === undefined ? {} : { routes }),
    page: pageState(),
  };
}
