import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { at, listAt, textAt } from "../../../provider/kubernetes/json.ts";
import { ClusterBench, type Declare } from "./cluster-bench.ts";
import { failureText } from "./workspace.ts";

describe("the life of objects behind the offline kubernetes provider", function () {
  this.timeout(300_000);
  let bench: ClusterBench;

  before(async () => {
    bench = await ClusterBench.start();
  });

  after(async () => {
    await bench.stop();
  });

  const namespace = (name: string, options: pulumi.CustomResourceOptions): k8s.core.v1.Namespace =>
    new k8s.core.v1.Namespace(name, { metadata: { name } }, options);

  it("creates objects, finds nothing to do the second time, and leaves nothing behind", async () => {
    const program = bench.using((options) => {
      const shop = namespace("shop", options);
      const inShop = { ...options, dependsOn: [shop] };
      const config = new k8s.core.v1.ConfigMap(
        "config",
        { metadata: { namespace: shop.metadata.name }, data: { greeting: "hello" } },
        options,
      );
      const volume = new k8s.core.v1.PersistentVolume(
        "volume",
        {
          metadata: { name: "volume" },
          spec: {
            capacity: { storage: "1Gi" },
            accessModes: ["ReadWriteOnce"],
            storageClassName: "manual",
            hostPath: { path: "/none" },
          },
        },
        options,
      );
      const claim = new k8s.core.v1.PersistentVolumeClaim(
        "claim",
        {
          metadata: { name: "claim", namespace: "shop" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            storageClassName: "manual",
            resources: { requests: { storage: "1Gi" } },
          },
        },
        { ...options, dependsOn: [shop, volume] },
      );
      new k8s.apps.v1.Deployment(
        "web",
        {
          metadata: { name: "web", namespace: "shop", annotations: { "pulumi.com/skipAwait": "true" } },
          spec: {
            selector: { matchLabels: { app: "web" } },
            template: {
              metadata: { labels: { app: "web" } },
              // The API server writes this amount as "1": no difference.
              spec: { containers: [{ name: "web", image: "web", resources: { limits: { cpu: "1000m" } } }] },
            },
          },
        },
        inShop,
      );
      return { phase: claim.status.phase, config: config.metadata.name };
    });
    const stack = await bench.stack("objects", program);
    const first = await stack.up();
    assert.equal(first.outputs["phase"]?.value, "Bound");
    const name = String(first.outputs["config"]?.value);
    assert.match(name, /^config-[0-9a-f]{8}$/);
    assert.equal(
      textAt(await bench.get(`/api/v1/namespaces/shop/configmaps/${name}`), "data", "greeting"),
      "hello",
    );

    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 7 });
    await stack.refresh();
    assert.deepEqual((await stack.preview()).changeSummary, { same: 7 });

    await stack.destroy();
    assert.equal(await bench.exists("/api/v1/namespaces/shop"), false);
    assert.equal(await bench.exists("/api/v1/persistentvolumes/volume"), false);
  });

  it("waits for a definition's API, and finds a custom resource to belong to the whole cluster", async () => {
    const program = bench.using((options) => {
      const definition = new k8s.apiextensions.v1.CustomResourceDefinition(
        "widgets",
        {
          metadata: { name: "widgets.example.com" },
          spec: {
            group: "example.com",
            scope: "Cluster",
            names: { plural: "widgets", singular: "widget", kind: "Widget" },
            versions: [
              {
                name: "v1",
                served: true,
                storage: true,
                schema: {
                  openAPIV3Schema: {
                    type: "object",
                    properties: { spec: { type: "object", x_kubernetes_preserve_unknown_fields: true } },
                  },
                },
              },
            ],
          },
        },
        options,
      );
      new k8s.apiextensions.CustomResource(
        "one",
        { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "one" }, spec: { size: 3 } },
        { ...options, dependsOn: [definition] },
      );
    });
    const stack = await bench.stack("custom", program);
    await stack.up();
    assert.equal(at(await bench.get("/apis/example.com/v1/widgets/one"), "spec", "size"), 3);
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 4 });
    await stack.destroy();
    assert.equal(
      await bench.exists("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com"),
      false,
    );
  });

  it("keeps a Secret's data out of the state, the output and the errors", async () => {
    const password = "correct-horse-battery-staple";
    const declare =
      (type: string): Declare =>
      (options) => {
        new k8s.core.v1.Secret(
          "login",
          { metadata: { name: "login", namespace: "default" }, type, stringData: { password } },
          options,
        );
        new k8s.core.v1.ConfigMap(
          "copy",
          { metadata: { name: "copy", namespace: "default" }, data: { copy: pulumi.secret(password) } },
          options,
        );
      };
    const stack = await bench.stack("secrets", bench.using(declare("Opaque")));
    const shown: string[] = [];
    const onOutput = (line: string): void => void shown.push(line);
    await stack.up({ onOutput, diff: true });
    stack.workspace.program = bench.using(declare("kubernetes.io/dockerconfigjson"));
    shown.push(await failureText(() => stack.up({ onOutput, diff: true })));
    stack.workspace.program = bench.using(declare("Opaque"));
    await stack.refresh({ onOutput });
    shown.push(await bench.workspace.rawState());
    const encoded = Buffer.from(password).toString("base64");
    for (const [index, text] of shown.entries()) {
      assert.ok(
        !text.includes(password),
        `${index}: the password is shown: ${text.slice(Math.max(text.indexOf(password) - 300, 0), text.indexOf(password) + 60)}`,
      );
      assert.ok(!text.includes(encoded), "the password is shown in base64");
    }
    await stack.destroy();
  });

  it("replaces an object whose immutable field changes, the old one first when the name is fixed", async () => {
    const declare =
      (app: string): Declare =>
      (options) =>
        new k8s.apps.v1.StatefulSet(
          "store",
          {
            metadata: {
              name: "store",
              namespace: "default",
              annotations: { "pulumi.com/skipAwait": "true" },
            },
            spec: {
              serviceName: app,
              selector: { matchLabels: { app } },
              template: {
                metadata: { labels: { app } },
                spec: { containers: [{ name: "main", image: "nowhere" }] },
              },
            },
          },
          options,
        );
    const stack = await bench.stack("replace", bench.using(declare("one")));
    await stack.up();
    stack.workspace.program = bench.using(declare("two"));
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, replace: 1 });
    await stack.up();
    const found = await bench.get("/apis/apps/v1/namespaces/default/statefulsets/store");
    assert.equal(textAt(found, "spec", "serviceName"), "two");
    await stack.destroy();
  });

  it("learns from the API server which other fields are immutable", async () => {
    const declare =
      (value: number): Declare =>
      (options) =>
        new k8s.scheduling.v1.PriorityClass("high", { metadata: { name: "high" }, value }, options);
    const stack = await bench.stack("immutable", bench.using(declare(10)));
    await stack.up();
    stack.workspace.program = bench.using(declare(20));
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, replace: 1 });
    await stack.up();
    assert.equal(at(await bench.get("/apis/scheduling.k8s.io/v1/priorityclasses/high"), "value"), 20);
    await stack.destroy();
  });

  it("previews no replacement of any object when the kubeconfig's authority and user change", async () => {
    const declare: Declare = (options) =>
      new k8s.core.v1.ConfigMap("rotated", { metadata: { namespace: "default" }, data: { a: "1" } }, options);
    const stack = await bench.stack("rotation", bench.using(declare));
    await stack.up();
    const other = JSON.parse(bench.plane.kubeconfig) as { clusters: { cluster: Record<string, string> }[] };
    other.clusters[0]!.cluster["server"] = "https://127.0.0.1:1";
    other.clusters[0]!.cluster["certificate-authority-data"] = "";
    stack.workspace.program = bench.using(declare, { kubeconfig: JSON.stringify(other) });
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, update: 1 });
    stack.workspace.program = bench.using(declare);
    await stack.destroy();
  });

  it("asks the API server nothing when 25 objects are unchanged", async () => {
    const program = bench.using((options) => {
      for (let index = 0; index < 25; index += 1) {
        new k8s.core.v1.ConfigMap(
          `many-${index}`,
          { metadata: { name: `many-${index}`, namespace: "default" }, data: { index: String(index) } },
          options,
        );
      }
    });
    const stack = await bench.stack("many", program);
    await stack.up();
    await bench.plane.stopApiServer();
    try {
      assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 27 });
    } finally {
      await bench.plane.startApiServer();
    }
    await stack.destroy();
    const left = listAt(await bench.get("/api/v1/namespaces/default/configmaps"), "items").map((item) =>
      textAt(item, "metadata", "name"),
    );
    assert.ok(!left.some((name) => name?.startsWith("many-")));
  });
});
