import assert from "node:assert/strict";
import { registrationKind } from "../../../provider/cluster/registration.ts";
import type { DiffArguments, OperationContext } from "../../../provider/protocol/resource.ts";
import { Secret, UNKNOWN, type Properties } from "../../../provider/protocol/value.ts";

const silent = { progress() {}, info() {}, warning() {} };
const preview: OperationContext = {
  urn: "urn:pulumi:dev::rktnetes::rktnetes:cluster:Registration::two-registration",
  name: "two-registration",
  preview: true,
  timeoutSeconds: 0,
  signal: new AbortController().signal,
  log: silent,
};

const inputs: Properties = {
  kubeconfig: new Secret("a kubeconfig"),
  node: "two",
  labels: { disk: "ssd" },
  taints: [],
};

function diffOf(parts: Partial<DiffArguments>): ReturnType<typeof registrationKind.diff> {
  const args = { id: "two", olds: inputs, oldInputs: inputs, news: inputs, ignoreChanges: [], ...parts };
  return registrationKind.diff(args, preview);
}

describe("a node's registration", () => {
  it("keeps the kubeconfig secret, however it was given", async () => {
    const { inputs: checked } = await registrationKind.check(
      { kubeconfig: "text", node: "two" },
      {},
      preview,
    );
    assert.ok(checked["kubeconfig"] instanceof Secret);
    assert.deepEqual([checked["labels"], checked["taints"]], [{}, []]);
  });

  it("reports every mistake at once, each with its path", async () => {
    const taints = [{ key: "", value: "", effect: "Never" }];
    const { failures = [] } = await registrationKind.check(
      { node: "", labels: { "a/b": 1 }, taints, colour: "red" },
      {},
      preview,
    );
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["colour", "kubeconfig", 'labels["a/b"]', "node", "taints[0].effect", "taints[0].key"],
    );
  });

  it("can be planned before the kubeconfig is known", async () => {
    const unknown = { ...inputs, kubeconfig: new Secret(UNKNOWN) };
    assert.deepEqual((await registrationKind.check(unknown, {}, preview)).failures, []);
    const planned = await registrationKind.create(unknown, preview);
    assert.equal(planned.outputs["node"], "two");
    assert.ok(planned.outputs["kubeconfig"] instanceof Secret);
  });

  it("changes in place by other labels, and is another one by another node", async () => {
    const labelled = await diffOf({ news: { ...inputs, labels: { disk: "hdd" } } });
    assert.deepEqual(labelled.changes, { labels: { kind: "update", inputDiff: true } });
    const renamed = await diffOf({ news: { ...inputs, node: "three" } });
    assert.deepEqual(renamed.changes, { node: { kind: "update-replace" } });
  });

  it("shows a label that was taken off by hand as a change that no input made", async () => {
    const { changes } = await diffOf({ olds: { ...inputs, labels: {} } });
    assert.deepEqual(changes, { labels: { kind: "update", inputDiff: false } });
  });

  it("asks no API server for a new kubeconfig's sake", async () => {
    const news = { ...inputs, kubeconfig: new Secret("no kubeconfig at all") };
    assert.deepEqual((await diffOf({ news })).changes, { kubeconfig: { kind: "update" } });
    const updated = await registrationKind.update(
      { id: "two", olds: inputs, oldInputs: inputs, news },
      { ...preview, preview: false },
    );
    assert.deepEqual(updated, news);
  });
});
