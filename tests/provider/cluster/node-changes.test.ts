import assert from "node:assert/strict";
import {
  marksOn,
  NO_MARKS,
  nodeObject,
  nodePatch,
  type NodeMarks,
} from "../../../provider/cluster/node-changes.ts";
import type { JsonObject } from "../../../provider/kubernetes/json.ts";

const ROLE = "node-role.kubernetes.io/control-plane";
const dedicated = { key: "dedicated", value: "tests", effect: "NoSchedule" };
const marks = (parts: Partial<NodeMarks>): NodeMarks => ({ ...NO_MARKS, ...parts });

/** As a kubelet and the node controller leave it. */
function nodeWith(labels: Record<string, string>, taints: readonly JsonObject[] = []): JsonObject {
  return {
    metadata: { name: "two", resourceVersion: "7", labels: { "kubernetes.io/hostname": "two", ...labels } },
    spec: {
      podCIDR: "10.244.1.0/24",
      taints: [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }, ...taints],
    },
  };
}

describe("a node's marks", () => {
  it("are there from the start", () => {
    const made = nodeObject("two", marks({ labels: { [ROLE]: "" }, taints: [dedicated] }));
    assert.deepEqual(made["metadata"], { name: "two", labels: { [ROLE]: "" } });
    assert.deepEqual(made["spec"], { taints: [{ key: "dedicated", effect: "NoSchedule", value: "tests" }] });
  });

  it("need no patch when they are as they should be", () => {
    const found = nodeWith({ [ROLE]: "" }, [{ key: "dedicated", effect: "NoSchedule", value: "tests" }]);
    assert.equal(
      nodePatch(found, NO_MARKS, marks({ labels: { [ROLE]: "" }, taints: [dedicated] })),
      undefined,
    );
  });

  it("leave what the kubelet and controllers have written", () => {
    const patch = nodePatch(nodeWith({}), NO_MARKS, marks({ labels: { disk: "ssd" }, taints: [dedicated] }));
    assert.deepEqual(patch, {
      metadata: { resourceVersion: "7", labels: { disk: "ssd" } },
      spec: {
        taints: [
          { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
          { key: "dedicated", effect: "NoSchedule", value: "tests" },
        ],
      },
    });
  });

  it("go when they are no longer wanted, and only those that were ours", () => {
    const found = nodeWith({ disk: "ssd", by: "hand" }, [
      { key: "dedicated", effect: "NoSchedule", value: "tests" },
      { key: "by-hand", effect: "NoExecute" },
    ]);
    const patch = nodePatch(found, marks({ labels: { disk: "ssd" }, taints: [dedicated] }), NO_MARKS);
    assert.deepEqual(patch, {
      metadata: { resourceVersion: "7", labels: { disk: null } },
      spec: {
        taints: [
          { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
          { key: "by-hand", effect: "NoExecute" },
        ],
      },
    });
  });

  it("change their values in place", () => {
    const found = nodeWith({ disk: "hdd" }, [{ key: "dedicated", effect: "NoSchedule", value: "other" }]);
    const patch = nodePatch(found, NO_MARKS, marks({ labels: { disk: "ssd" }, taints: [dedicated] }));
    assert.deepEqual(patch?.["metadata"], { resourceVersion: "7", labels: { disk: "ssd" } });
    assert.deepEqual(patch["spec"], {
      taints: [
        { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
        { key: "dedicated", effect: "NoSchedule", value: "tests" },
      ],
    });
  });

  it("are found apart from everybody else's", () => {
    const wanted = marks({ labels: { disk: "ssd", [ROLE]: "" }, taints: [dedicated] });
    const found = nodeWith({ disk: "hdd", by: "hand" }, [{ key: "by-hand", effect: "NoExecute" }]);
    assert.deepEqual(marksOn(found, wanted), { labels: { disk: "hdd" }, taints: [] });
  });
});
