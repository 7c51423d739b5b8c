import assert from "node:assert/strict";
import { addonsState } from "../../../components/addons/state.ts";
import { commandOf, optionOf } from "../commands.ts";
import { examplePlan, nodeNamed } from "../example-cluster.ts";
import { assertGolden } from "../golden.ts";
import { renderedState, textOf } from "../rendered-state.ts";

const plan = examplePlan();
const state = addonsState(plan, nodeNamed(plan, "one"));

describe("addonsState", () => {
  it("is what its golden file shows", () => {
    assertGolden("one/addons", renderedState(state));
  });

  it("answers names on the host's address alone, so that the host's own resolver keeps its port", () => {
    const corefile = textOf(state.files?.["/etc/kubernetes/coredns/Corefile"]?.content ?? "");
    assert.match(corefile, /^\.:10053 \{\n {4}bind 10\.77\.0\.11\n/);
  });

  it("has metrics-server check the kubelets' certificates", () => {
    const command = commandOf(state, "metrics-server.service");
    assert.equal(optionOf(command, "kubelet-certificate-authority"), "/etc/kubernetes/metrics-server/ca.crt");
    assert.doesNotMatch(command, /insecure/);
  });

  it("runs each add-on as a user of its own", () => {
    assert.deepEqual(Object.keys(state.users ?? {}).sort(), ["coredns", "metrics-server"]);
    for (const name of ["coredns", "metrics-server"]) {
      assert.equal(state.units?.[`${name}.service`]?.sections?.["Service"]?.["User"], name);
    }
  });
});
