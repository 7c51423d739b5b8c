/** A node's registration against a real API server; what a kubelet would write is written by the test. */
import assert from "node:assert/strict";
import { registrationKind } from "../../../provider/cluster/registration.ts";
import { at, listAt, objectAt, type Json } from "../../../provider/kubernetes/json.ts";
import type { OperationContext } from "../../../provider/protocol/resource.ts";
import { Secret, type Properties } from "../../../provider/protocol/value.ts";
import { startControlPlane, type ControlPlane } from "../providers/control-plane.ts";
import { builtProgram } from "../providers/workspace.ts";

const ROLE = "node-role.kubernetes.io/worker";
const NOT_READY = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
const dedicated = { key: "dedicated", value: "tests", effect: "NoSchedule" };

describe("a node's registration in a real API", function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  const said: string[] = [];

  const context = (parts: Partial<OperationContext> = {}): OperationContext => {
    const say = (line: string): void => {
      said.push(line);
    };
    return {
      urn: "urn:pulumi:dev::rktnetes::rktnetes:cluster:Registration::it",
      name: "it",
      preview: false,
      timeoutSeconds: 0,
      signal: new AbortController().signal,
      log: { progress: say, info: say, warning: say },
      ...parts,
    };
  };
  const inputsOf = (node: string, parts: Properties = {}): Properties => ({
    kubeconfig: new Secret(plane.kubeconfig),
    node,
    labels: { [ROLE]: "" },
    taints: [],
    ...parts,
  });
  const request = (path: string, method: "GET" | "POST" | "DELETE", body?: Json): Promise<Json> =>
    plane.client.json(path, {
      method,
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body }),
    });
  const node = (name: string): Promise<Json> => request(`/api/v1/nodes/${name}`, "GET");
  const merge = (path: string, body: Json): Promise<Json> =>
    plane.client.json(path, {
      method: "PATCH",
      body,
      contentType: "application/merge-patch+json",
      signal: AbortSignal.timeout(30_000),
    });
  const change = (name: string, olds: Properties, news: Properties): Promise<Properties> =>
    registrationKind.update({ id: name, olds, oldInputs: olds, news }, context());

  before(async () => {
    const binary = builtProgram("kubernetes");
    assert.ok(binary !== undefined, "run `make tools` first: this test needs the Kubernetes binary");
    plane = await startControlPlane(binary);
  });

  after(() => plane.stop());

  it("makes the node before any kubelet, so that no pod comes too early", async () => {
    await registrationKind.create(inputsOf("early", { taints: [dedicated] }), context());
    const made = await node("early");
    assert.deepEqual(objectAt(made, "metadata", "labels"), { [ROLE]: "" });
    assert.deepEqual(listAt(made, "spec", "taints"), [dedicated, NOT_READY]);
  });

  it("adopts a node that is there, and keeps what others have written", async () => {
    const labels = { "kubernetes.io/hostname": "adopted", by: "hand" };
    await request("/api/v1/nodes", "POST", { kind: "Node", metadata: { name: "adopted", labels } });
    await registrationKind.create(inputsOf("adopted", { taints: [dedicated] }), context());
    const adopted = await node("adopted");
    assert.deepEqual(objectAt(adopted, "metadata", "labels"), { ...labels, [ROLE]: "" });
    assert.deepEqual(listAt(adopted, "spec", "taints"), [NOT_READY, dedicated]);
  });

  it("changes labels and taints of a node in place, and takes away none but its own", async () => {
    const olds = inputsOf("changed", { labels: { disk: "hdd", old: "1" }, taints: [dedicated] });
    await registrationKind.create(olds, context());
    await merge("/api/v1/nodes/changed", { metadata: { labels: { by: "hand" } } });
    await change("changed", olds, inputsOf("changed", { labels: { disk: "ssd" } }));
    const changed = await node("changed");
    assert.deepEqual(objectAt(changed, "metadata", "labels"), { disk: "ssd", by: "hand" });
    assert.deepEqual(listAt(changed, "spec", "taints"), [NOT_READY]);
  });

  it("finds by a refresh what was changed by hand, and repairs just that", async () => {
    const inputs = inputsOf("drifted", { labels: { [ROLE]: "", disk: "ssd" } });
    const { id, outputs } = await registrationKind.create(inputs, context());
    const settled = await registrationKind.read({ id, outputs, inputs }, context());
    assert.deepEqual(settled.outputs, outputs);
    await merge("/api/v1/nodes/drifted", { metadata: { labels: { disk: null, by: "hand" } } });
    const { outputs: olds } = await registrationKind.read({ id, outputs, inputs }, context());
    assert.deepEqual(olds["labels"], { [ROLE]: "" });
    await registrationKind.update({ id, olds, oldInputs: inputs, news: inputs }, context());
    const labels = objectAt(await node("drifted"), "metadata", "labels");
    assert.deepEqual(labels, { [ROLE]: "", disk: "ssd", by: "hand" });
  });

  it("is read as gone when the node is gone", async () => {
    const inputs = inputsOf("nobody");
    const read = await registrationKind.read({ id: "nobody", outputs: inputs, inputs }, context());
    assert.equal(read.id, "");
  });

  it("ends with its node and pods, of which no kubelet will ever say that they ended", async () => {
    const inputs = inputsOf("leaving");
    const { id, outputs } = await registrationKind.create(inputs, context());
    await registrationKind.create(inputsOf("staying"), context());
    // Here is no controller that would make it.
    await request(ACCOUNTS, "POST", { kind: "ServiceAccount", metadata: { name: "default" } });
    for (const name of ["leaving", "staying"]) await request(PODS, "POST", podOn(name));
    // As the node controller does it when the node falls silent: the pod waits for its kubelet for ever.
    await request(`${PODS}/on-leaving`, "DELETE");
    const waiting = await request(`${PODS}/on-leaving`, "GET");
    assert.ok(at(waiting, "metadata", "deletionTimestamp") !== undefined);
    await registrationKind.delete({ id, outputs, inputs }, context());
    await assert.rejects(node("leaving"), /not found/);
    const left = listAt(await request(PODS, "GET"), "items").map((pod) => at(pod, "metadata", "name"));
    assert.deepEqual(left, ["on-staying"]);
    assert.match(said.join("\n"), /leaving: the cluster has forgotten the 1 pods of this node/);
    // A run that was killed at this point does it again.
    await registrationKind.delete({ id, outputs, inputs }, context());
  });

  it("waits for an API server that is away, and then says what to do", async () => {
    const inputs = inputsOf("late");
    await plane.stopApiServer();
    await assert.rejects(
      registrationKind.create(inputs, context({ timeoutSeconds: 1 })),
      /late, at 127\.0\.0\.1:\d+: the stack could not register the node's object\n[\s\S]*cannot be reached[\s\S]*remedy:/,
    );
    const created = registrationKind.create(inputs, context());
    await plane.startApiServer();
    await created;
    assert.deepEqual(objectAt(await node("late"), "metadata", "labels"), { [ROLE]: "" });
  });
});

const ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";
const PODS = "/api/v1/namespaces/default/pods";

function podOn(node: string): Json {
  return {
    kind: "Pod",
    metadata: { name: `on-${node}` },
    spec: {
      nodeName: node,
      automountServiceAccountToken: false,
      containers: [{ name: "it", image: "none" }],
    },
  };
}
