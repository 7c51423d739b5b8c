import assert from "node:assert/strict";
import { parse } from "yaml";
import { z } from "zod";
import { controlPlaneState } from "../../../components/control-plane/state.ts";
import { commandOf, optionOf } from "../commands.ts";
import { examplePlan, nodeNamed } from "../example-cluster.ts";
import { assertGolden } from "../golden.ts";
import { renderedState, textOf } from "../rendered-state.ts";

const plan = examplePlan();
const state = controlPlaneState(plan, nodeNamed(plan, "one"));

function yamlOf<T>(file: string, shape: z.ZodType<T>): T {
  const content = state.files?.[`/etc/kubernetes/control-plane/${file}`]?.content;
  assert.ok(content !== undefined, `${file} is missing`);
  return shape.parse(parse(textOf(content)));
}

describe("controlPlaneState", () => {
  it("is what its golden file shows", () => {
    assertGolden("one/control-plane", renderedState(state));
  });

  it("authorises by Node and RBAC alone", () => {
    const command = commandOf(state, "kube-apiserver.service");
    assert.equal(optionOf(command, "authorization-mode"), "Node,RBAC");
    assert.match(optionOf(command, "enable-admission-plugins") ?? "", /NodeRestriction/);
  });

  it("lets nobody in without a name but for health checks", () => {
    const { anonymous } = yamlOf(
      "authentication.yaml",
      z.object({ anonymous: z.object({ conditions: z.array(z.object({ path: z.string() })) }) }),
    );
    assert.deepEqual(anonymous.conditions.map(({ path }) => path).sort(), ["/healthz", "/livez", "/readyz"]);
  });

  it("encrypts secrets with secretbox first, and reads what was written in the clear before", () => {
    const { resources } = yamlOf(
      "encryption.yaml",
      z.object({
        resources: z.array(
          z.object({ resources: z.array(z.string()), providers: z.array(z.record(z.string(), z.unknown())) }),
        ),
      }),
    );
    assert.ok(resources[0]?.resources.includes("secrets"));
    assert.deepEqual(
      resources[0]?.providers.map((provider) => Object.keys(provider)[0]),
      ["secretbox", "identity"],
    );
  });

  it("never records the body of a secret", () => {
    const { rules } = yamlOf(
      "audit-policy.yaml",
      z.object({
        rules: z.array(
          z.object({
            level: z.string(),
            resources: z.array(z.object({ resources: z.array(z.string()) })).default([]),
          }),
        ),
      }),
    );
    const concerned = rules.findIndex((rule) =>
      rule.resources.some((one) => one.resources.includes("secrets")),
    );
    const bodies = rules.findIndex((rule) => rule.level.startsWith("Request"));
    assert.equal(rules[concerned]?.level, "Metadata");
    assert.ok(concerned < bodies, "the first rule that fits decides");
  });

  it("shows no key and no configuration to users other than its own", () => {
    for (const [path, file] of Object.entries(state.files ?? {})) {
      if (!path.startsWith("/etc/")) continue;
      assert.deepEqual([file.mode, file.owner, file.group], ["0640", "root", "kube"], path);
    }
  });
});
