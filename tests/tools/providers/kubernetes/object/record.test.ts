import assert from "node:assert/strict";
import { Secret } from "../../../../../provider/protocol/value.ts";
import {
  fieldManagerFor,
  readRecord,
  recordOf,
} from "../../../../../tools/providers/kubernetes/object/record.ts";

const recording = { fieldManager: "manager", initialApiVersion: "v1" };

describe("the record of an object", () => {
  it("gives back what went in, without the bookkeeping of field managers", () => {
    const live = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", managedFields: [{}], uid: "u" },
    };
    const inputs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } };
    const outputs = recordOf({ ...recording, live, inputs });
    assert.deepEqual(readRecord(outputs, {}), {
      live: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", uid: "u" } },
      inputs,
      fieldManager: "manager",
      initialApiVersion: "v1",
      imported: false,
    });
  });

  it("seals a Secret's data, its inputs and kubectl's copy of it", () => {
    const copy = "kubectl.kubernetes.io/last-applied-configuration";
    const live = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "a", annotations: { [copy]: "{}", other: "x" } },
      data: { password: "aHVudGVyMg==" },
    };
    const inputs = { apiVersion: "v1", kind: "Secret", stringData: { password: "hunter2" } };
    const outputs = recordOf({ ...recording, live, inputs });
    assert.deepEqual(outputs["data"], new Secret({ password: "aHVudGVyMg==" }));
    assert.deepEqual(outputs["metadata"], {
      name: "a",
      annotations: { [copy]: new Secret("{}"), other: "x" },
    });
    assert.deepEqual(outputs["__inputs"], { ...inputs, stringData: new Secret({ password: "hunter2" }) });
  });

  it("seals what came in as a secret, and a list with a secret in it whole", () => {
    const inputs = {
      kind: "Pod",
      spec: { hostname: new Secret("h"), containers: [{ env: [{ name: "A", value: new Secret("v") }] }] },
    };
    const live = {
      kind: "Pod",
      spec: { hostname: "h", nodeName: "n", containers: [{ env: [{ name: "A", value: "v" }] }] },
    };
    assert.deepEqual(recordOf({ ...recording, live, inputs })["spec"], {
      hostname: new Secret("h"),
      nodeName: "n",
      containers: new Secret([{ env: [{ name: "A", value: "v" }] }]),
    });
  });

  it("spells x-kubernetes fields as the SDK does", () => {
    const live = { kind: "CustomResourceDefinition", spec: { "x-kubernetes-preserve-unknown-fields": true } };
    const outputs = recordOf({ ...recording, live, inputs: {} });
    assert.deepEqual(outputs["spec"], { x_kubernetes_preserve_unknown_fields: true });
    assert.deepEqual(readRecord(outputs, {}).live, live);
  });
});

describe("the field manager", () => {
  it("is the program's, else the recorded, else always the same for one resource", () => {
    const annotated = { metadata: { annotations: { "pulumi.com/patchFieldManager": "mine" } } };
    assert.equal(fieldManagerFor(annotated, "recorded", "urn"), "mine");
    assert.equal(fieldManagerFor({}, "recorded", "urn"), "recorded");
    assert.match(fieldManagerFor({}, undefined, "urn"), /^pulumi-kubernetes-[0-9a-f]{8}$/);
    assert.equal(fieldManagerFor({}, undefined, "urn"), fieldManagerFor({}, undefined, "urn"));
    assert.notEqual(fieldManagerFor({}, undefined, "urn"), fieldManagerFor({}, undefined, "other"));
  });
});
