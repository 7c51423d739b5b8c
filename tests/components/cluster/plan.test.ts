import assert from "node:assert/strict";
import { parseStackConfig } from "../../../config/load.ts";
import { apiUrlFor, planCluster, type ClusterPlan, type NodePlan } from "../../../components/cluster/plan.ts";

const one = { name: "one", machine: "nspawn", address: "10.77.0.11", roles: ["control-plane", "worker"] };
const two = { name: "two", machine: "nspawn", address: "10.77.0.12" };

export function examplePlan(extra: Record<string, unknown> = {}): ClusterPlan {
  return planCluster(parseStackConfig({ hosts: [one, two], ...extra }));
}

function nodeNamed(plan: ClusterPlan, name: string): NodePlan {
  const node = plan.nodes.find((candidate) => candidate.name === name);
  assert.ok(node);
  return node;
}

describe("planCluster", () => {
  it("gives the API the first and DNS the tenth service address", () => {
    const plan = examplePlan();
    assert.equal(plan.apiServiceAddress, "10.96.0.1");
    assert.equal(plan.dnsAddress, "10.96.0.10");
  });

  it("leaves a node as it is when another one joins", () => {
    const alone = planCluster(parseStackConfig({ hosts: [one] }));
    assert.deepEqual(nodeNamed(examplePlan(), "one"), nodeNamed(alone, "one"));
  });

  it("leaves a numbered node as it is when one before it leaves", () => {
    const numbered = { ...two, number: 2 };
    const three = { name: "three", machine: "nspawn", address: "10.77.0.13", number: 3 };
    const before = planCluster(parseStackConfig({ hosts: [one, numbered, three] }));
    const after = planCluster(parseStackConfig({ hosts: [one, three] }));
    assert.deepEqual(nodeNamed(after, "three"), nodeNamed(before, "three"));
  });

  it("keeps ordinary pods off a control plane that is no worker", () => {
    const plan = planCluster(parseStackConfig({ hosts: [{ ...one, roles: ["control-plane"] }, two] }));
    assert.equal(nodeNamed(plan, "one").taints[0]?.effect, "NoSchedule");
    assert.deepEqual(nodeNamed(plan, "two").taints, []);
  });

  it("labels nodes by their roles, and lets the configuration add to it", () => {
    const plan = planCluster(parseStackConfig({ hosts: [one, { ...two, labels: { disk: "ssd" } }] }));
    assert.deepEqual(nodeNamed(plan, "one").labels, {
      "node-role.kubernetes.io/control-plane": "",
      "node-role.kubernetes.io/worker": "",
    });
    assert.deepEqual(nodeNamed(plan, "two").labels, { "node-role.kubernetes.io/worker": "", disk: "ssd" });
  });

  it("sends a control plane to its own API server and a worker to the endpoint", () => {
    const plan = examplePlan({ cluster: { endpoint: "api.example.org" } });
    assert.equal(apiUrlFor(plan, nodeNamed(plan, "one")), "https://10.77.0.11:6443");
    assert.equal(apiUrlFor(plan, nodeNamed(plan, "two")), "https://api.example.org:6443");
  });

  it("lets a host's kubelet fields win over the cluster's", () => {
    const plan = planCluster(
      parseStackConfig({
        cluster: { kubelet: { maxPods: 50, podPidsLimit: 100 } },
        hosts: [{ ...one, kubelet: { maxPods: 250 } }],
      }),
    );
    assert.deepEqual(nodeNamed(plan, "one").kubelet, { maxPods: 250, podPidsLimit: 100 });
  });
});
