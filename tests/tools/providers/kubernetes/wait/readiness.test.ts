import assert from "node:assert/strict";
import type { JsonObject } from "../../../../../provider/kubernetes/json.ts";
import { judgeOf, type Surroundings } from "../../../../../tools/providers/kubernetes/wait/readiness.ts";

const none: Surroundings = { readyEndpoints: 0, bindingMode: undefined };
type Part = JsonObject;
type Row = readonly [
  fact: string,
  spec: Part,
  status: Part,
  expected: string,
  surroundings?: Partial<Surroundings>,
];

const condition = (type: string, status: string, more: Part = {}): Part => ({
  conditions: [{ type, status, ...more }],
});
const seen = { observedGeneration: 2 };

const kinds: Readonly<Record<string, readonly Row[]>> = {
  "apps/v1/Deployment": [
    [
      "is not judged by an old status",
      {},
      { observedGeneration: 1, updatedReplicas: 1, replicas: 1, availableReplicas: 1 },
      "waiting",
    ],
    [
      "waits for new replicas",
      { replicas: 2 },
      { ...seen, updatedReplicas: 1, replicas: 2, availableReplicas: 2 },
      "waiting",
    ],
    [
      "waits for the old to go",
      {},
      { ...seen, updatedReplicas: 1, replicas: 2, availableReplicas: 2 },
      "waiting",
    ],
    ["waits for availability", {}, { ...seen, updatedReplicas: 1, replicas: 1 }, "waiting"],
    [
      "is ready when all are new and available",
      {},
      { ...seen, updatedReplicas: 1, replicas: 1, availableReplicas: 1 },
      "ready",
    ],
    ["is ready with no replicas wanted", { replicas: 0 }, seen, "ready"],
    [
      "fails past its progress deadline",
      {},
      { ...seen, ...condition("Progressing", "False", { reason: "ProgressDeadlineExceeded" }) },
      "failed",
    ],
  ],
  "apps/v1/StatefulSet": [
    ["waits for ready replicas", { replicas: 2 }, { ...seen, readyReplicas: 1 }, "waiting"],
    [
      "waits for the update",
      {},
      { ...seen, readyReplicas: 1, updatedReplicas: 0, currentRevision: "a", updateRevision: "b" },
      "waiting",
    ],
    [
      "leaves replicas below the partition",
      { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
      { ...seen, readyReplicas: 3, updatedReplicas: 1, currentRevision: "a", updateRevision: "b" },
      "ready",
    ],
    [
      "is ready after its first roll-out",
      {},
      { ...seen, readyReplicas: 1, updatedReplicas: 1, currentRevision: "a", updateRevision: "a" },
      "ready",
    ],
  ],
  "apps/v1/DaemonSet": [
    [
      "waits for every node",
      {},
      { ...seen, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 },
      "waiting",
    ],
    [
      "waits for the new pod",
      {},
      { ...seen, desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberAvailable: 2 },
      "waiting",
    ],
    ["is ready with no node to run on", {}, { ...seen, desiredNumberScheduled: 0 }, "ready"],
  ],
  "batch/v1/Job": [
    ["waits for completion", {}, { active: 1 }, "waiting"],
    ["is ready when complete", {}, condition("Complete", "True"), "ready"],
    ["fails when it failed", {}, condition("Failed", "True", { reason: "BackoffLimitExceeded" }), "failed"],
    ["is not waited for while suspended", { suspend: true }, {}, "ready"],
  ],
  "v1/Pod": [
    ["waits for readiness", {}, { phase: "Running", ...condition("Ready", "False") }, "waiting"],
    ["is ready", {}, { phase: "Running", ...condition("Ready", "True") }, "ready"],
    ["is done when it succeeded", {}, { phase: "Succeeded" }, "ready"],
    ["fails when it failed", {}, { phase: "Failed" }, "failed"],
  ],
  "v1/Service": [
    ["waits for a pod behind it", { selector: { app: "a" } }, {}, "waiting"],
    ["is ready with one", { selector: { app: "a" } }, {}, "ready", { readyEndpoints: 1 }],
    ["needs none without a selector", {}, {}, "ready"],
    ["needs none when headless", { selector: { app: "a" }, clusterIP: "None" }, {}, "ready"],
    ["needs none as an alias", { type: "ExternalName", selector: { app: "a" } }, {}, "ready"],
    ["waits for its load balancer", { type: "LoadBalancer" }, {}, "waiting"],
    [
      "is ready with an address",
      { type: "LoadBalancer" },
      { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } },
      "ready",
    ],
  ],
  "v1/PersistentVolumeClaim": [
    ["waits to be bound", {}, { phase: "Pending" }, "waiting"],
    ["is ready when bound", {}, { phase: "Bound" }, "ready"],
    [
      "does not wait for its first consumer",
      {},
      { phase: "Pending" },
      "ready",
      { bindingMode: "WaitForFirstConsumer" },
    ],
    ["fails when its volume is gone", {}, { phase: "Lost" }, "failed"],
  ],
  "v1/PersistentVolume": [
    ["waits while pending", {}, { phase: "Pending" }, "waiting"],
    ["is ready when available", {}, { phase: "Available" }, "ready"],
  ],
  "v1/Namespace": [
    ["waits to be active", {}, {}, "waiting"],
    ["is ready when active", {}, { phase: "Active" }, "ready"],
  ],
  "apiextensions.k8s.io/v1/CustomResourceDefinition": [
    ["waits for its API", {}, condition("NamesAccepted", "True"), "waiting"],
    ["is ready when established", {}, condition("Established", "True"), "ready"],
    ["fails when its names are taken", {}, condition("NamesAccepted", "False"), "failed"],
  ],
  "v1/ReplicationController": [
    ["waits for its replicas", { replicas: 2 }, { ...seen, availableReplicas: 1 }, "waiting"],
    ["is ready with all", { replicas: 2 }, { ...seen, availableReplicas: 2 }, "ready"],
  ],
};

for (const [key, rows] of Object.entries(kinds)) {
  const at = key.lastIndexOf("/");
  describe(`a ${key.slice(at + 1)}`, () => {
    for (const [fact, spec, status, expected, surroundings] of rows) {
      it(fact, () => {
        const object = {
          apiVersion: key.slice(0, at),
          kind: key.slice(at + 1),
          metadata: { generation: 2 },
          spec,
          status,
        };
        assert.equal(judgeOf(object)?.(object, { ...none, ...surroundings }).state, expected);
      });
    }
  });
}

describe("a ConfigMap", () => {
  it("has nothing to wait for", () => {
    assert.equal(judgeOf({ apiVersion: "v1", kind: "ConfigMap" }), undefined);
  });
});
