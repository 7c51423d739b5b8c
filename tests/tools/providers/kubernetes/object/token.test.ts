import assert from "node:assert/strict";
import { scopeOf } from "../../../../../tools/providers/kubernetes/object/scope.ts";
import {
  isPatchToken,
  kindOfToken,
  refusalOf,
} from "../../../../../tools/providers/kubernetes/object/token.ts";

describe("type tokens", () => {
  it("name a kind of the API", () => {
    assert.deepEqual(kindOfToken("kubernetes:core/v1:Pod"), { apiVersion: "v1", kind: "Pod" });
    assert.deepEqual(kindOfToken("kubernetes:apps/v1:Deployment"), {
      apiVersion: "apps/v1",
      kind: "Deployment",
    });
    assert.deepEqual(kindOfToken("kubernetes:example.com/v1:Widget"), {
      apiVersion: "example.com/v1",
      kind: "Widget",
    });
  });

  for (const [token, what] of [
    ["kubernetes:helm.sh/v3:Release", "Helm"],
    ["kubernetes:helm.sh/v4:Chart", "Helm"],
    ["kubernetes:yaml/v2:ConfigGroup", "YAML"],
    ["kubernetes:kustomize/v2:Directory", "Kustomize"],
    ["kubernetes:core/v1:PodList", "list"],
  ] as const) {
    it(`refuse ${token} by name`, () => {
      const refusal = refusalOf(token) ?? "";
      assert.ok(refusal.includes(what) && refusal.includes(token), refusal);
    });
  }

  it("do not refuse a custom kind that ends in List", () => {
    assert.equal(refusalOf("kubernetes:example.com/v1:WaitList"), undefined);
  });

  it("tell a patch from a kind that is called so", () => {
    assert.ok(isPatchToken("kubernetes:core/v1:NamespacePatch", "Namespace"));
    assert.ok(!isPatchToken("kubernetes:example.com/v1:EyePatch", "EyePatch"));
    assert.ok(!isPatchToken("kubernetes:core/v1:Namespace", "Namespace"));
  });
});

describe("scopes", () => {
  it("are known for Kubernetes' own kinds", () => {
    assert.equal(scopeOf("v1", "Namespace"), "cluster");
    assert.equal(scopeOf("v1", "Pod"), "namespace");
    assert.equal(scopeOf("apiregistration.k8s.io/v1", "APIService"), "cluster");
    assert.equal(scopeOf("example.com/v1", "Namespace"), "unknown");
    assert.equal(scopeOf("snapshot.storage.k8s.io/v1", "VolumeSnapshot"), "unknown");
  });
});
