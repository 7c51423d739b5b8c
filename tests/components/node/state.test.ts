import assert from "node:assert/strict";
import { parse } from "yaml";
import { z } from "zod";
import { nodeState } from "../../../components/node/state.ts";
import type { RoleState } from "../../../components/host/role-state.ts";
import { runtimeFor } from "../../../components/runtime/runtime.ts";
import { commandOf, optionOf } from "../commands.ts";
import { examplePlan, HOST_ONE, HOST_TWO, nodeNamed } from "../example-cluster.ts";
import { assertGolden } from "../golden.ts";
import { renderedState, textOf } from "../rendered-state.ts";

const plan = examplePlan();
const CONFIG = "/etc/kubernetes/kubelet/config.yaml";

function stateOf(name: string, of = plan): RoleState {
  return nodeState(of, nodeNamed(of, name), runtimeFor(of.runtime));
}

function yamlOf(state: RoleState, path: string): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(parse(textOf(state.files?.[path]?.content ?? "")));
}

describe("nodeState", () => {
  for (const name of ["one", "two"]) {
    it(`is what its golden file shows for host ${name}`, () => {
      assertGolden(`${name}/node`, renderedState(stateOf(name)));
    });
  }

  it("closes the kubelet's unauthenticated ways in", () => {
    const config = yamlOf(stateOf("two"), CONFIG);
    assert.equal(config["readOnlyPort"], 0);
    assert.deepEqual(config["authorization"], { mode: "Webhook" });
    assert.partialDeepStrictEqual(config["authentication"], { anonymous: { enabled: false } });
  });

  it("changes nothing but the kubelet's configuration when one of its fields changes", () => {
    const changed = examplePlan([HOST_ONE, { ...HOST_TWO, kubelet: { maxPods: 42 } }]);
    const before = stateOf("two");
    const after = stateOf("two", changed);
    assert.equal(yamlOf(after, CONFIG)["maxPods"], 42);
    assert.deepEqual({ ...after.files, [CONFIG]: {} }, { ...before.files, [CONFIG]: {} });
    assert.deepEqual({ ...after, files: {} }, { ...before, files: {} });
    assert.ok(after.units?.["kubelet.service"]?.restartOn?.includes(CONFIG));
    assert.ok(!after.units?.["kube-proxy.service"]?.restartOn?.includes(CONFIG));
  });

  it("lets no stack override what the plan decides", () => {
    const node = { ...nodeNamed(plan, "one"), kubelet: { readOnlyPort: 10255, clusterDomain: "elsewhere" } };
    const state = nodeState(plan, node, runtimeFor(plan.runtime));
    const config = yamlOf(state, CONFIG);
    assert.deepEqual([config["readOnlyPort"], config["clusterDomain"]], [0, "cluster.local"]);
  });

  it("registers a node under its name and address, and never without its taints", () => {
    const command = commandOf(stateOf("two"), "kubelet.service");
    assert.equal(optionOf(command, "hostname-override"), "two");
    assert.equal(optionOf(command, "node-ip"), "10.77.0.12");
    assert.deepEqual(yamlOf(stateOf("two"), CONFIG)["registerWithTaints"], [
      { key: "dedicated", value: "tests", effect: "NoSchedule" },
    ]);
  });

  it("has kube-proxy leave kernel settings alone where the kernel is shared", () => {
    const proxyOf = (name: string): Record<string, unknown> =>
      yamlOf(stateOf(name), "/etc/kubernetes/kube-proxy/config.yaml");
    assert.deepEqual(proxyOf("one")["conntrack"], { maxPerCore: 0, min: 0 });
    assert.equal(proxyOf("two")["conntrack"], undefined);
  });
});
