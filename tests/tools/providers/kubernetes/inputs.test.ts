import assert from "node:assert/strict";
import { Secret } from "../../../../provider/protocol/value.ts";
import { importedInputs, refreshedInputs } from "../../../../tools/providers/kubernetes/inputs.ts";

const identity = { apiVersion: "v1", kind: "Service", metadata: { name: "front" } };

describe("inputs after a refresh", () => {
  it("keep the program's spelling where nothing changed, and show drift where it did", () => {
    const inputs = { ...identity, spec: { cpu: "1000m", ports: [{ port: 80 }, { port: 81 }] } };
    const recorded = {
      ...identity,
      spec: {
        cpu: "1",
        ports: [
          { port: 80, node: 1 },
          { port: 81, node: 2 },
        ],
      },
    };
    const live = {
      ...identity,
      spec: {
        cpu: "1",
        ports: [
          { port: 80, node: 1 },
          { port: 99, node: 2 },
        ],
      },
    };
    assert.deepEqual(refreshedInputs(live, recorded, inputs), {
      ...identity,
      spec: { cpu: "1000m", ports: [{ port: 80 }, { port: 99 }] },
    });
  });

  it("lack what is gone", () => {
    const both = { ...identity, spec: { a: 1, b: 2 } };
    assert.deepEqual(refreshedInputs({ ...identity, spec: { a: 1 } }, both, both), {
      ...identity,
      spec: { a: 1 },
    });
  });

  it("keep a Secret's data as text where the program wrote text, and sealed", () => {
    const secret = { apiVersion: "v1", kind: "Secret" };
    const inputs = { ...secret, stringData: new Secret({ password: "one" }) };
    const encoded = (text: string): string => Buffer.from(text).toString("base64");
    const recorded = { ...secret, data: { password: encoded("one") } };
    const live = { ...secret, data: { password: encoded("two") } };
    assert.deepEqual(refreshedInputs(recorded, recorded, inputs), inputs);
    assert.deepEqual(refreshedInputs(live, recorded, inputs), {
      ...secret,
      stringData: new Secret({ password: "two" }),
    });
  });
});

describe("inputs of an import", () => {
  it("are everything but what only the cluster writes", () => {
    const live = {
      ...identity,
      metadata: {
        name: "front",
        uid: "u",
        resourceVersion: "1",
        managedFields: [],
        labels: { app: "a" },
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
      },
      spec: { type: "ClusterIP" },
      status: { loadBalancer: {} },
    };
    assert.deepEqual(importedInputs(live), {
      ...identity,
      metadata: { name: "front", labels: { app: "a" } },
      spec: { type: "ClusterIP" },
    });
  });
});
