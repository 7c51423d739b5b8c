import assert from "node:assert/strict";
import { routesState } from "../../../components/network/routes.ts";
import { examplePlan, HOST_ONE, HOST_TWO, nodeNamed } from "../example-cluster.ts";
import { assertGolden } from "../golden.ts";
import { renderedState } from "../rendered-state.ts";

describe("routesState", () => {
  for (const name of ["one", "two"]) {
    it(`is what its golden file shows for host ${name}`, () => {
      const plan = examplePlan();
      const state = routesState(plan, nodeNamed(plan, name));
      assert.ok(state);
      assertGolden(`${name}/routes`, renderedState(state));
    });
  }

  it("is not there for a host alone", () => {
    const plan = examplePlan([HOST_ONE]);
    assert.equal(routesState(plan, nodeNamed(plan, "one")), undefined);
  });

  it("leads to every other host and not to itself", () => {
    const three = { ...HOST_TWO, name: "three", address: "10.77.0.13" };
    const plan = examplePlan([HOST_ONE, HOST_TWO, three]);
    assert.equal(
      routesState(plan, nodeNamed(plan, "two"))?.files?.["/etc/rktnetes/routes"]?.content,
      "10.244.0.0/24 via 10.77.0.11\n10.244.2.0/24 via 10.77.0.13\n",
    );
  });
});
