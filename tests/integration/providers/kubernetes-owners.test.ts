import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { at, textAt } from "../../../provider/kubernetes/json.ts";
import { ClusterBench, type Declare } from "./cluster-bench.ts";
import { failureText } from "./workspace.ts";

describe("objects of several owners, behind the offline kubernetes provider", function () {
  this.timeout(300_000);
  let bench: ClusterBench;

  before(async () => {
    bench = await ClusterBench.start();
  });

  after(async () => {
    await bench.stop();
  });

  it("names the field and its manager in a conflict, and takes it over only when told to", async () => {
    const path = "/api/v1/namespaces/default/configmaps/shared";
    const declare =
      (value: string, annotations: Record<string, string>): Declare =>
      (options) =>
        new k8s.core.v1.ConfigMap(
          "shared",
          { metadata: { name: "shared", namespace: "default", annotations }, data: { mode: value } },
          options,
        );
    const mutable = { enableConfigMapMutable: true };
    const stack = await bench.stack("conflict", bench.using(declare("ours", {}), mutable));
    await stack.up();
    const theirs = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "shared" },
      data: { mode: "theirs" },
    };
    await bench.patch(path, theirs, "application/apply-patch+yaml", {
      fieldManager: "gardener",
      force: "true",
    });
    stack.workspace.program = bench.using(declare("ours again", {}), mutable);
    const text = await failureText(() => stack.up());
    assert.match(text, /ConfigMap default\/shared/);
    assert.match(text, /data\.mode is managed by gardener/);
    assert.match(text, /pulumi\.com\/patchForce/);
    stack.workspace.program = bench.using(
      declare("ours again", { "pulumi.com/patchForce": "true" }),
      mutable,
    );
    await stack.up();
    assert.equal(textAt(await bench.get(path), "data", "mode"), "ours again");
    await stack.destroy();
  });

  it("shows drift on refresh, repairs exactly that, and makes anew what is gone", async () => {
    const path = "/api/v1/namespaces/default/services/front";
    const program = bench.using((options) => {
      new k8s.core.v1.Service(
        "front",
        {
          metadata: { name: "front", namespace: "default", annotations: { "pulumi.com/skipAwait": "true" } },
          spec: { selector: { app: "front" }, ports: [{ port: 80, targetPort: 8080 }] },
        },
        options,
      );
    });
    const stack = await bench.stack("drift", program);
    await stack.up();
    const edit = { spec: { ports: [{ port: 80, targetPort: 9090 }] } };
    await bench.patch(path, edit, "application/merge-patch+json", { fieldManager: "kubectl-edit" });
    assert.equal((await stack.refresh()).summary.resourceChanges?.["update"], 1);
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, update: 1 });
    await stack.up();
    assert.equal(at(await bench.get(path), "spec", "ports", 0, "targetPort"), 8080);
    await bench.delete(path);
    await stack.refresh();
    assert.equal((await stack.up()).summary.resourceChanges?.create, 1);
    assert.equal(at(await bench.get(path), "spec", "ports", 0, "targetPort"), 8080);
    await stack.destroy();
  });

  it("leaves to others what it is told to ignore", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments/scaled";
    const declare =
      (image: string): Declare =>
      (options) =>
        new k8s.apps.v1.Deployment(
          "scaled",
          {
            metadata: {
              name: "scaled",
              namespace: "default",
              annotations: { "pulumi.com/skipAwait": "true" },
            },
            spec: {
              replicas: 1,
              selector: { matchLabels: { app: "scaled" } },
              template: {
                metadata: { labels: { app: "scaled" } },
                spec: { containers: [{ name: "main", image }] },
              },
            },
          },
          { ...options, ignoreChanges: ["spec.replicas"] },
        );
    const stack = await bench.stack("scaled", bench.using(declare("one")));
    await stack.up();
    await bench.patch(path, { spec: { replicas: 4 } }, "application/merge-patch+json", {
      fieldManager: "scaler",
    });
    stack.workspace.program = bench.using(declare("two"));
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, update: 1 });
    await stack.up();
    const found = await bench.get(path);
    assert.equal(at(found, "spec", "replicas"), 4);
    assert.equal(at(found, "spec", "template", "spec", "containers", 0, "image"), "two");
    await stack.destroy();
  });

  it("imports an object by its id and leaves alone what the program does not mention", async () => {
    const body = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "found", namespace: "default" },
      data: { kept: "1", other: "2" },
    };
    await bench.post("/api/v1/namespaces/default/configmaps", body);
    const declare =
      (options: pulumi.CustomResourceOptions): Declare =>
      (base) =>
        new k8s.core.v1.ConfigMap(
          "found",
          { metadata: { name: "found", namespace: "default" }, data: { kept: "1" } },
          { ...base, ...options },
        );
    const stack = await bench.stack("import", bench.using(declare({ import: "default/found" })));
    assert.equal((await stack.up()).summary.resourceChanges?.["import"], 1);
    stack.workspace.program = bench.using(declare({}));
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 3 });
    assert.equal(
      textAt(await bench.get("/api/v1/namespaces/default/configmaps/found"), "data", "other"),
      "2",
    );
    await stack.destroy();
  });

  it("does not take over an object it did not make, unless told to", async () => {
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "taken" }, data: { a: "1" } };
    const query = { fieldManager: "somebody" };
    const path = "/api/v1/namespaces/default/configmaps";
    await bench.post(path, body, query);
    const declare: Declare = (options) =>
      new k8s.core.v1.ConfigMap(
        "taken",
        { metadata: { name: "taken", namespace: "default" }, data: { a: "1" } },
        options,
      );
    const stack = await bench.stack("taken", bench.using(declare));
    const text = await failureText(() => stack.up());
    assert.match(text, /ConfigMap default\/taken: is in the cluster already/);
    assert.match(text, /managed by somebody/);
    stack.workspace.program = bench.using(declare, { upsertExistingObjects: true });
    await stack.up();
    await stack.destroy();
  });

  it("patches single fields of an object that others own, and gives them back", async () => {
    const path = "/api/v1/namespaces/kube-public";
    const program = bench.using((options) => {
      new k8s.core.v1.NamespacePatch(
        "label",
        { metadata: { name: "kube-public", labels: { "example.com/seen": "yes" } } },
        options,
      );
    });
    const stack = await bench.stack("patch", program);
    await stack.up();
    assert.equal(textAt(await bench.get(path), "metadata", "labels", "example.com/seen"), "yes");
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 3 });
    await stack.destroy();
    assert.equal(textAt(await bench.get(path), "metadata", "labels", "example.com/seen"), undefined);
    assert.equal(await bench.exists(path), true);
  });
});
