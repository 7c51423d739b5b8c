/** The cluster that the golden files show: a control plane that also works, and a worker. */
import assert from "node:assert/strict";
import { planCluster, type ClusterPlan, type NodePlan } from "../../components/cluster/plan.ts";
import { parseStackConfig } from "../../config/load.ts";

export const HOST_ONE = {
  name: "one",
  machine: "nspawn",
  address: "10.77.0.11",
  roles: ["control-plane", "worker"],
};

/** Its own kernel, a label and a taint: what the first host shows the other side of. */
export const HOST_TWO = {
  name: "two",
  machine: "ssh",
  address: "10.77.0.12",
  roles: ["worker"],
  labels: { disk: "ssd", zone: "attic" },
  taints: [{ key: "dedicated", value: "tests", effect: "NoSchedule" }],
};

export function examplePlan(
  hosts: readonly object[] = [HOST_ONE, HOST_TWO],
  cluster: object = {},
): ClusterPlan {
  const images = { nginx: "registry.example/nginx:1", shell: "registry.example/shell:1" };
  return planCluster(parseStackConfig({ cluster, hosts, images }));
}

export function nodeNamed(plan: ClusterPlan, name: string): NodePlan {
  const node = plan.nodes.find((candidate) => candidate.name === name);
  assert.ok(node, `the plan has no node ${name}`);
  return node;
}
