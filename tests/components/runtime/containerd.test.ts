import assert from "node:assert/strict";
import { runtimeFor } from "../../../components/runtime/runtime.ts";
import { examplePlan, nodeNamed } from "../example-cluster.ts";
import { assertGolden } from "../golden.ts";
import { renderedState, textOf } from "../rendered-state.ts";
import { EXAMPLE_REGISTRIES } from "../role-states.ts";

const plan = examplePlan();
const containerd = runtimeFor("containerd");

describe("the runtime containerd", () => {
  it("is what its golden file shows", () => {
    assertGolden(
      "one/runtime",
      renderedState(containerd.state(plan, nodeNamed(plan, "one"), EXAMPLE_REGISTRIES)),
    );
  });

  it("asks for no more than the plain limits where the kernel is shared", () => {
    const configOf = (name: string): string =>
      textOf(
        containerd.state(plan, nodeNamed(plan, name), []).files?.["/etc/containerd/config.toml"]?.content ??
          "",
      );
    assert.match(configOf("one"), /^restrict_oom_score_adj = true$/m);
    assert.match(configOf("two"), /^restrict_oom_score_adj = false$/m);
  });

  it("takes only artefacts that it names", () => {
    const { files } = containerd.state(plan, nodeNamed(plan, "one"), []);
    const used = Object.values(files ?? {}).flatMap(({ artefact }) =>
      artefact === undefined ? [] : [artefact],
    );
    assert.deepEqual([...new Set(used)].sort(), [...containerd.artefacts].sort());
  });

  it("shows a registry's credentials to root alone, and only as a reference before that", () => {
    const { files } = containerd.state(plan, nodeNamed(plan, "one"), EXAMPLE_REGISTRIES);
    const hosts = files?.["/etc/containerd/certs.d/registry.example/hosts.toml"];
    assert.equal(hosts?.mode, "0600");
    assert.match(textOf(hosts.content ?? ""), /authorization = "Basic <<registry:registry\.example>>"/);
  });
});
