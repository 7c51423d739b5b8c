import assert from "node:assert/strict";
import { requirementsOf } from "../../../components/cluster/requirements.ts";
import { requirementsSchema } from "../../../provider/host/requirements.ts";
import { examplePlan, nodeNamed } from "../example-cluster.ts";
import { renderedState } from "../rendered-state.ts";
import { roleStates } from "../role-states.ts";

const plan = examplePlan();

describe("requirementsOf", () => {
  for (const host of ["one", "two"]) {
    it(`asks for every port that a unit or a configuration file opens: ${host}`, () => {
      const node = nodeNamed(plan, host);
      const asked = new Set((requirementsOf(plan, node).ports ?? []).map((port) => port.split("/")[0]));
      const opened = Object.entries(roleStates(plan, node)).flatMap(([role, state]) =>
        portsIn(renderedState(state)).map((port) => ({ role, port })),
      );
      assert.ok(opened.length > 1);
      for (const { role, port } of opened) assert.ok(asked.has(port), `${role} listens on ${port}`);
    });
  }

  it("asks more of a control plane than of a worker", () => {
    const [one, two] = ["one", "two"].map((name) =>
      requirementsSchema.parse(requirementsOf(plan, nodeNamed(plan, name))),
    );
    assert.ok(one !== undefined && two !== undefined);
    assert.ok(one.minimumMemoryMiB > two.minimumMemoryMiB);
    assert.ok(one.ports.includes("6443/tcp") && !two.ports.includes("6443/tcp"));
  });

  it("has hosts resolve the endpoint where it is a name", () => {
    const named = examplePlan(undefined, { endpoint: "api.example.org" });
    assert.deepEqual(requirementsOf(named, nodeNamed(named, "two")).resolves, ["api.example.org"]);
    assert.deepEqual(requirementsOf(plan, nodeNamed(plan, "two")).resolves, []);
  });
});

/** Ports that flags, the Corefile and kube-proxy's configuration name as their own. */
function portsIn(text: string): readonly string[] {
  const forms = [
    /--listen-\S+-urls=(\S+)/g,
    /--secure-port=(\d+)/g,
    /^\.:(\d+) \{/gm,
    /^ +(?:health|ready) \S+:(\d+)$/gm,
    /^(?:healthz|metrics)BindAddress: \S+:(\d+)$/gm,
  ];
  return forms.flatMap((form) =>
    [...text.matchAll(form)].flatMap(([, found = ""]) =>
      /^\d+$/.test(found) ? [found] : [...found.matchAll(/:(\d+)/g)].map(([, port = ""]) => port),
    ),
  );
}
