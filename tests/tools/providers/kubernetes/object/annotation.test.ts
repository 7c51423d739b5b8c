import assert from "node:assert/strict";
import {
  awaitedExpressions,
  propagationOf,
  skipsAwaitOnDelete,
  timeoutSecondsOf,
} from "../../../../../tools/providers/kubernetes/object/annotation.ts";
import type { Manifest } from "../../../../../tools/providers/kubernetes/object/manifest.ts";

const object = (apiVersion: string, kind: string, annotations: Record<string, string> = {}): Manifest => ({
  apiVersion,
  kind,
  metadata: { name: "a", annotations },
});

describe("annotations", () => {
  it("set a time limit, below customTimeouts and above the default", () => {
    const annotated = object("v1", "Pod", { "pulumi.com/timeoutSeconds": "30" });
    assert.equal(timeoutSecondsOf(annotated, 5), 5);
    assert.equal(timeoutSecondsOf(annotated, 0), 30);
    assert.equal(timeoutSecondsOf(object("v1", "Pod"), 0), 600);
    assert.throws(
      () => timeoutSecondsOf(object("v1", "Pod", { "pulumi.com/timeoutSeconds": "soon" }), 0),
      /soon/,
    );
  });

  it("choose how dependents go; what has none does not wait for the garbage collector", () => {
    assert.equal(propagationOf(object("apps/v1", "Deployment")), "Foreground");
    assert.equal(propagationOf(object("example.com/v1", "Widget")), "Foreground");
    assert.equal(propagationOf(object("v1", "ConfigMap")), "Background");
    const orphan = { "pulumi.com/deletionPropagationPolicy": "orphan" };
    assert.equal(propagationOf(object("apps/v1", "Deployment", orphan)), "Orphan");
  });

  it("name one condition or a list of them", () => {
    const waiting = (value: string): readonly string[] =>
      awaitedExpressions(object("v1", "Pod", { "pulumi.com/waitFor": value }));
    assert.deepEqual(waiting("condition=Ready"), ["condition=Ready"]);
    assert.deepEqual(waiting('["condition=Ready", "jsonpath={.a}"]'), ["condition=Ready", "jsonpath={.a}"]);
    assert.throws(() => waiting("[3]"), /waitFor/);
  });

  it("skip waiting for deletion only where the official provider does", () => {
    const skip = { "pulumi.com/skipAwait": "true" };
    assert.ok(skipsAwaitOnDelete(object("apps/v1", "Deployment", skip)));
    assert.ok(!skipsAwaitOnDelete(object("v1", "PersistentVolumeClaim", skip)));
    assert.ok(!skipsAwaitOnDelete(object("v1", "Pod")));
  });
});
