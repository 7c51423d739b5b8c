import assert from "node:assert/strict";
import {
  concerns,
  podsOf,
  readyEndpoints,
  warningLine,
} from "../../../../../tools/providers/kubernetes/wait/companions.ts";
import { holders } from "../../../../../tools/providers/kubernetes/wait/gone.ts";
import { podTrouble } from "../../../../../tools/providers/kubernetes/wait/pod-trouble.ts";
import type { JsonObject } from "../../../../../provider/kubernetes/json.ts";

const pod = (container: JsonObject): JsonObject => ({
  status: { containerStatuses: [{ name: "main", ...container }] },
});
const web = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

describe("why a pod is not ready", () => {
  it("is an image that cannot be pulled", () => {
    const waiting = { reason: "ErrImagePull", message: "no such host" };
    assert.equal(podTrouble(pod({ state: { waiting } })), "container main: ErrImagePull: no such host");
  });

  it("is how it ended last, when it is restarted over and over", () => {
    const trouble = podTrouble(
      pod({
        restartCount: 4,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } },
        lastState: { terminated: { exitCode: 1, reason: "Error" } },
      }),
    );
    assert.match(trouble ?? "", /exit code 1 \(Error\) and was restarted 4 times/);
  });

  it("is that no node takes it", () => {
    const conditions = [{ type: "PodScheduled", status: "False", message: "0/1 nodes are available" }];
    assert.equal(podTrouble({ status: { conditions } }), "cannot be scheduled: 0/1 nodes are available");
  });

  it("is nothing worth saying while containers are created", () => {
    assert.equal(podTrouble(pod({ state: { waiting: { reason: "ContainerCreating" } } })), undefined);
  });
});

describe("what is looked at while waiting", () => {
  it("is the pods that the selector chooses", () => {
    const matchExpressions = [
      { key: "tier", operator: "In", values: ["a", "b"] },
      { key: "old", operator: "DoesNotExist" },
    ];
    const object = { spec: { selector: { matchLabels: { app: "web" }, matchExpressions } } };
    assert.deepEqual(podsOf(object, web), {
      path: "/api/v1/namespaces/shop/pods",
      labelSelector: "app=web,tier in (a,b),!old",
    });
  });

  it("is the warnings about the object and about what is made in its name", () => {
    const about = (kind: string, name: string): JsonObject => ({ involvedObject: { kind, name } });
    assert.ok(concerns(about("Deployment", "web"), web));
    assert.ok(concerns(about("Pod", "web-5d9-x"), web));
    assert.ok(!concerns(about("Pod", "webber-1"), web));
    assert.ok(!concerns(about("Pod", "claim-1"), { ...web, kind: "PersistentVolumeClaim", name: "claim" }));
    const event = { ...about("Pod", "web-1"), reason: "FailedMount", message: "no volume" };
    assert.equal(warningLine(event), "Pod web-1: FailedMount: no volume");
  });

  it("is the endpoints that do not say they are not ready", () => {
    assert.equal(
      readyEndpoints({
        endpoints: [{ conditions: { ready: true } }, { conditions: {} }, { conditions: { ready: false } }],
      }),
      2,
    );
  });
});

describe("what keeps a deleted object", () => {
  it("is its finalizers and what a namespace still holds", () => {
    const conditions = [{ type: "NamespaceContentRemaining", status: "True", message: "1 pod remains" }];
    const object = {
      metadata: { finalizers: ["example.com/hold"] },
      spec: { finalizers: ["kubernetes"] },
      status: { conditions },
    };
    assert.deepEqual(holders(object), [
      "finalizer example.com/hold",
      "finalizer kubernetes",
      "1 pod remains",
    ]);
  });
});
