import assert from "node:assert/strict";
import { z } from "zod";
import type { RoleState } from "../../../components/host/role-state.ts";
import { networkState } from "../../../components/network/state.ts";
import { examplePlan, nodeNamed } from "../example-cluster.ts";
import { assertGolden } from "../golden.ts";
import { renderedState, textOf } from "../rendered-state.ts";

const plan = examplePlan();
const pluginSchema = z.object({
  type: z.string(),
  ipam: z.object({ type: z.string(), ranges: z.array(z.array(z.object({ subnet: z.string() }))) }).optional(),
});

function pluginsOf(state: RoleState): readonly z.infer<typeof pluginSchema>[] {
  const text = textOf(state.files?.["/etc/cni/net.d/10-rktnetes.conflist"]?.content ?? "");
  return z.object({ plugins: z.array(pluginSchema) }).parse(JSON.parse(text)).plugins;
}

describe("networkState", () => {
  for (const name of ["one", "two"]) {
    it(`is what its golden file shows for host ${name}`, () => {
      assertGolden(`${name}/network`, renderedState(networkState(plan, nodeNamed(plan, name))));
    });
  }

  it("gives pods addresses of the host's own part of the range", () => {
    const [first] = pluginsOf(networkState(plan, nodeNamed(plan, "two")));
    assert.deepEqual(first?.ipam?.ranges, [[{ subnet: "10.244.1.0/24" }]]);
  });

  it("holds every plugin that its configuration names", () => {
    const state = networkState(plan, nodeNamed(plan, "one"));
    for (const { type, ipam } of pluginsOf(state)) {
      for (const name of ipam === undefined ? [type] : [type, ipam.type]) {
        assert.ok(state.files?.[`/opt/rktnetes/cni/${name}`] !== undefined, `${name} is missing`);
      }
    }
  });
});
