import assert from "node:assert/strict";
import { etcdState } from "../../../components/etcd/state.ts";
import { examplePlan, HOST_ONE, nodeNamed } from "../example-cluster.ts";
import { assertGolden } from "../golden.ts";
import { commandOf } from "../commands.ts";
import { renderedState } from "../rendered-state.ts";

const plan = examplePlan();
const state = etcdState(plan, nodeNamed(plan, "one"));

describe("etcdState", () => {
  it("is what its golden file shows", () => {
    assertGolden("one/etcd", renderedState(state));
  });

  it("listens by TLS alone, for clients and for peers", () => {
    const urls = commandOf(state, "etcd.service").match(/[a-z]+:\/\/[^,\s]+/g) ?? [];
    assert.ok(urls.length >= 5);
    assert.deepEqual(
      urls.filter((url) => !url.startsWith("https://")),
      [],
    );
  });

  it("names every control plane, and no worker, as a member", () => {
    const three = examplePlan([
      HOST_ONE,
      { ...HOST_ONE, name: "two", address: "10.77.0.12" },
      { ...HOST_ONE, name: "three", address: "10.77.0.13", roles: ["control-plane"] },
      { ...HOST_ONE, name: "four", address: "10.77.0.14", roles: ["worker"] },
    ]);
    const command = commandOf(etcdState(three, nodeNamed(three, "two")), "etcd.service");
    const members = /--initial-cluster=(\S+)/.exec(command)?.[1]?.split(",");
    assert.deepEqual(members, [
      "one=https://10.77.0.11:2380",
      "two=https://10.77.0.12:2380",
      "three=https://10.77.0.13:2380",
    ]);
  });

  it("keeps its private keys to itself", () => {
    for (const [path, file] of Object.entries(state.files ?? {})) {
      if (path.endsWith(".key")) assert.deepEqual([file.mode, file.owner], ["0600", "etcd"], path);
    }
  });
});
