import assert from "node:assert/strict";
import {
  addonLeaves,
  adminLeaves,
  controlPlaneLeaves,
  etcdLeaves,
  nodeLeaves,
} from "../../../components/pki/leaves.ts";
import { examplePlan, nodeNamed } from "../example-cluster.ts";

const plan = examplePlan();
const one = nodeNamed(plan, "one");
const two = nodeNamed(plan, "two");

describe("certificates of a cluster", () => {
  it("let the API server be reached under all its names and addresses", () => {
    const { apiserver } = controlPlaneLeaves(plan, one);
    assert.deepEqual(apiserver?.addresses, ["10.96.0.1", "10.77.0.11", "127.0.0.1"]);
    for (const name of [
      "kubernetes",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
      "one",
    ]) {
      assert.ok(apiserver.dnsNames?.includes(name), name);
    }
  });

  it("let the API server be reached under its endpoint, be it a name or an address", () => {
    const named = examplePlan(undefined, { endpoint: "api.example.org" });
    const numbered = examplePlan(undefined, { endpoint: "192.0.2.1" });
    assert.ok(controlPlaneLeaves(named, one)["apiserver"]?.dnsNames?.includes("api.example.org"));
    assert.ok(!controlPlaneLeaves(named, one)["apiserver"]?.addresses?.includes("api.example.org"));
    assert.ok(controlPlaneLeaves(numbered, one)["apiserver"]?.addresses?.includes("192.0.2.1"));
  });

  it("name each kubelet so that the Node authorizer knows it", () => {
    const { kubelet } = nodeLeaves(plan, two);
    assert.deepEqual([kubelet?.commonName, kubelet?.organizations], ["system:node:two", ["system:nodes"]]);
  });

  it("make nobody but the administrator a master", () => {
    const leaves = [
      etcdLeaves(plan, one),
      controlPlaneLeaves(plan, one),
      addonLeaves(plan, one),
      nodeLeaves(plan, one),
    ].flatMap((group) => Object.values(group));
    for (const leaf of leaves) assert.ok(!leaf.organizations?.includes("system:masters"), leaf.commonName);
    assert.deepEqual(adminLeaves(plan)["admin"]?.organizations, ["system:masters"]);
  });

  it("keep what etcd trusts apart from what the cluster trusts", () => {
    assert.ok(Object.values(etcdLeaves(plan, one)).every(({ authority }) => authority === "etcd"));
    const control = controlPlaneLeaves(plan, one);
    assert.equal(control["etcd-client"]?.authority, "etcd");
    assert.equal(control["front-proxy"]?.authority, "front-proxy");
    assert.equal(control["apiserver"]?.authority, "cluster");
  });

  it("are good for one use, but for etcd's members, which are clients of each other", () => {
    for (const [name, { usages }] of Object.entries({
      ...controlPlaneLeaves(plan, one),
      ...nodeLeaves(plan, one),
    })) {
      assert.equal(usages.length, 1, name);
    }
    for (const { usages } of Object.values(etcdLeaves(plan, one)))
      assert.deepEqual(usages, ["server", "client"]);
  });

  it("last as long as the configuration says", () => {
    const short = examplePlan(undefined, { certificateDays: 30 });
    for (const leaf of Object.values(nodeLeaves(short, two))) assert.equal(leaf.validityDays, 30);
  });
});
