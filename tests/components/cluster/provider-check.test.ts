import assert from "node:assert/strict";
import { artefactKinds } from "../../../provider/artefact/index.ts";
import { clusterKinds } from "../../../provider/cluster/index.ts";
import { hostKinds } from "../../../provider/host/index.ts";
import { labKinds } from "../../../provider/lab/index.ts";
import { pkiKinds } from "../../../provider/pki/index.ts";
import type { OperationContext, ResourceKind } from "../../../provider/protocol/resource.ts";
import { HOST_ONE, HOST_TWO } from "../example-cluster.ts";
import { runProgram, type Recorded } from "../recorded-program.ts";

const CONFIG = {
  hosts: [HOST_ONE, HOST_TWO, { ...HOST_TWO, name: "three", machine: "kvm", address: "10.77.0.13" }],
  workloads: { walkthrough: true, webReplicas: 2, examples: true },
  images: {
    registries: {
      "registry.example": { server: "https://mirror.example", username: "me", password: "mine" },
    },
  },
};
const kinds = new Map(providerKinds().map((kind) => [kind.token, kind]));

describe("the program and its provider", function () {
  this.timeout(120_000);

  for (const preview of [true, false]) {
    it(`agree on every resource's inputs ${preview ? "before" : "after"} anything was made`, async () => {
      const { resources } = await runProgram(CONFIG, { preview });
      const own = resources.filter(({ custom, type }) => custom && type.startsWith("rktnetes:"));
      assert.ok(own.length > 30);
      const refused: string[] = [];
      for (const resource of own) {
        // The authorities of this run are words, which no certificate could be signed with.
        if (!preview && resource.type === "rktnetes:pki:Leaves") continue;
        const kind = kinds.get(resource.type);
        assert.ok(kind, `the provider has no ${resource.type}`);
        const { failures = [] } = await kind.check(resource.inputs, {}, contextFor(resource));
        refused.push(...failures.map(({ property, reason }) => `${resource.name}: ${property}: ${reason}`));
      }
      assert.deepEqual(refused, []);
    });
  }
});

function providerKinds(): readonly ResourceKind[] {
  return [...hostKinds(), ...labKinds(), ...pkiKinds(), ...artefactKinds(), ...clusterKinds()];
}

function contextFor({ urn, name }: Recorded): OperationContext {
  const silent = (): void => undefined;
  return {
    urn,
    name,
    preview: true,
    timeoutSeconds: 0,
    signal: new AbortController().signal,
    log: { progress: silent, info: silent, warning: silent },
  };
}
