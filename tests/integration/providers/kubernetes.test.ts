import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import { at, listAt, textAt, type Json } from "../../../tools/providers/kubernetes/object/json.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { builtProgram, failureText, Workspace } from "./workspace.ts";

describe("the offline kubernetes provider, against a real API server", function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  let workspace: Workspace;
  const stacks: Stack[] = [];

  before(async function () {
    const kubernetes = builtProgram("kubernetes");
    const pulumiProgram = builtProgram("pulumi");
    if (kubernetes === undefined || pulumiProgram === undefined) {
      throw new Error("run `make tools` first: this test needs the Pulumi CLI and the Kubernetes binary");
    }
    [plane, workspace] = await Promise.all([startControlPlane(kubernetes), Workspace.create(pulumiProgram)]);
    await plane.startControllers();
  });

  after(async () => {
    await plane.stop();
    await workspace.remove();
  });

  const signal = (): AbortSignal => AbortSignal.timeout(20_000);
  const get = (path: string): Promise<Json> => plane.client.json(path, { signal: signal() });
  const exists = async (path: string): Promise<boolean> =>
    get(path).then(
      () => true,
      () => false,
    );
  const patch = (path: string, body: Json, contentType: string, query = {}): Promise<Json> =>
    plane.client.json(path, { method: "PATCH", body, contentType, query, signal: signal() });

  type Declare = (options: pulumi.CustomResourceOptions) => unknown;
  const using =
    (declare: Declare, args: k8s.ProviderArgs = {}): PulumiFn =>
    async () => {
      const provider = new k8s.Provider("cluster", {
        kubeconfig: pulumi.secret(plane.kubeconfig),
        clusterIdentifier: "test",
        ...args,
      });
      return Promise.resolve(declare({ provider })).then((outputs) =>
        typeof outputs === "object" && outputs !== null && !(outputs instanceof pulumi.Resource)
          ? { ...outputs }
          : {},
      );
    };
  const newStack = async (name: string, program: PulumiFn): Promise<Stack> => {
    const stack = await workspace.stack(name, program);
    stacks.push(stack);
    return stack;
  };
  const namespace = (name: string, options: pulumi.CustomResourceOptions): k8s.core.v1.Namespace =>
    new k8s.core.v1.Namespace(name, { metadata: { name } }, options);

  it("creates objects, finds nothing to do the second time, and leaves nothing behind", async () => {
    const program = using((options) => {
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
    const stack = await newStack("objects", program);
    const first = await stack.up();
    assert.equal(first.outputs["phase"]?.value, "Bound");
    const name = String(first.outputs["config"]?.value);
    assert.match(name, /^config-[0-9a-f]{8}$/);
    assert.equal(
      textAt(await get(`/api/v1/namespaces/shop/configmaps/${name}`), "data", "greeting"),
      "hello",
    );

    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 7 });
    await stack.refresh();
    assert.deepEqual((await stack.preview()).changeSummary, { same: 7 });

    await stack.destroy();
    assert.equal(await exists("/api/v1/namespaces/shop"), false);
    assert.equal(await exists("/api/v1/persistentvolumes/volume"), false);
  });

  it("waits for a definition's API, and finds a custom resource to belong to the whole cluster", async () => {
    const program = using((options) => {
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
    const stack = await newStack("custom", program);
    await stack.up();
    assert.equal(at(await get("/apis/example.com/v1/widgets/one"), "spec", "size"), 3);
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 4 });
    await stack.destroy();
    assert.equal(
      await exists("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com"),
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
    const stack = await newStack("secrets", using(declare("Opaque")));
    const shown: string[] = [];
    const onOutput = (line: string): void => void shown.push(line);
    await stack.up({ onOutput, diff: true });
    stack.workspace.program = using(declare("kubernetes.io/dockerconfigjson"));
    shown.push(await failureText(() => stack.up({ onOutput, diff: true })));
    stack.workspace.program = using(declare("Opaque"));
    await stack.refresh({ onOutput });
    shown.push(await workspace.rawState());
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
    const stack = await newStack("conflict", using(declare("ours", {}), mutable));
    await stack.up();
    const theirs = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "shared" },
      data: { mode: "theirs" },
    };
    await patch(path, theirs, "application/apply-patch+yaml", { fieldManager: "gardener", force: "true" });
    stack.workspace.program = using(declare("ours again", {}), mutable);
    const text = await failureText(() => stack.up());
    assert.match(text, /ConfigMap default\/shared/);
    assert.match(text, /data\.mode is managed by gardener/);
    assert.match(text, /pulumi\.com\/patchForce/);
    stack.workspace.program = using(declare("ours again", { "pulumi.com/patchForce": "true" }), mutable);
    await stack.up();
    assert.equal(textAt(await get(path), "data", "mode"), "ours again");
    await stack.destroy();
  });

  it("records what was made but does not become ready, says why, and mends it in the next run", async () => {
    const declare =
      (annotations: Record<string, string>): Declare =>
      (options) =>
        new k8s.apps.v1.Deployment(
          "lonely",
          {
            metadata: { name: "lonely", namespace: "default", annotations },
            spec: {
              selector: { matchLabels: { app: "lonely" } },
              template: {
                metadata: { labels: { app: "lonely" } },
                spec: { containers: [{ name: "main", image: "nowhere" }] },
              },
            },
          },
          options,
        );
    const stack = await newStack("unready", using(declare({ "pulumi.com/timeoutSeconds": "3" })));
    const text = await failureText(() => stack.up());
    assert.match(text, /Deployment default\/lonely: is not ready after 3 s/);
    assert.match(text, /0 of 1 replicas are available/);
    const recorded = JSON.stringify(await stack.exportStack());
    assert.match(recorded, /"initErrors"/);
    assert.match(recorded, /"id":"default\/lonely"/);
    stack.workspace.program = using(declare({ "pulumi.com/skipAwait": "true" }));
    assert.equal((await stack.up()).summary.resourceChanges?.update, 1);
    await stack.destroy();
    assert.equal(await exists("/apis/apps/v1/namespaces/default/deployments/lonely"), false);
  });

  it("shows drift on refresh, repairs exactly that, and makes anew what is gone", async () => {
    const path = "/api/v1/namespaces/default/services/front";
    const program = using((options) => {
      new k8s.core.v1.Service(
        "front",
        {
          metadata: { name: "front", namespace: "default", annotations: { "pulumi.com/skipAwait": "true" } },
          spec: { selector: { app: "front" }, ports: [{ port: 80, targetPort: 8080 }] },
        },
        options,
      );
    });
    const stack = await newStack("drift", program);
    await stack.up();
    const edit = { spec: { ports: [{ port: 80, targetPort: 9090 }] } };
    await patch(path, edit, "application/merge-patch+json", { fieldManager: "kubectl-edit" });
    assert.equal((await stack.refresh()).summary.resourceChanges?.["update"], 1);
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, update: 1 });
    await stack.up();
    assert.equal(at(await get(path), "spec", "ports", 0, "targetPort"), 8080);
    await plane.client.json(path, { method: "DELETE", signal: signal() });
    await stack.refresh();
    assert.equal((await stack.up()).summary.resourceChanges?.create, 1);
    assert.equal(at(await get(path), "spec", "ports", 0, "targetPort"), 8080);
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
    const stack = await newStack("scaled", using(declare("one")));
    await stack.up();
    await patch(path, { spec: { replicas: 4 } }, "application/merge-patch+json", { fieldManager: "scaler" });
    stack.workspace.program = using(declare("two"));
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, update: 1 });
    await stack.up();
    const found = await get(path);
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
    await plane.client.json("/api/v1/namespaces/default/configmaps", {
      method: "POST",
      body,
      signal: signal(),
    });
    const declare =
      (options: pulumi.CustomResourceOptions): Declare =>
      (base) =>
        new k8s.core.v1.ConfigMap(
          "found",
          { metadata: { name: "found", namespace: "default" }, data: { kept: "1" } },
          { ...base, ...options },
        );
    const stack = await newStack("import", using(declare({ import: "default/found" })));
    assert.equal((await stack.up()).summary.resourceChanges?.["import"], 1);
    stack.workspace.program = using(declare({}));
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 3 });
    assert.equal(textAt(await get("/api/v1/namespaces/default/configmaps/found"), "data", "other"), "2");
    await stack.destroy();
  });

  it("does not take over an object it did not make, unless told to", async () => {
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "taken" }, data: { a: "1" } };
    const query = { fieldManager: "somebody" };
    const path = "/api/v1/namespaces/default/configmaps";
    await plane.client.json(path, { method: "POST", body, query, signal: signal() });
    const declare: Declare = (options) =>
      new k8s.core.v1.ConfigMap(
        "taken",
        { metadata: { name: "taken", namespace: "default" }, data: { a: "1" } },
        options,
      );
    const stack = await newStack("taken", using(declare));
    const text = await failureText(() => stack.up());
    assert.match(text, /ConfigMap default\/taken: is in the cluster already/);
    assert.match(text, /managed by somebody/);
    stack.workspace.program = using(declare, { upsertExistingObjects: true });
    await stack.up();
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
    const stack = await newStack("replace", using(declare("one")));
    await stack.up();
    stack.workspace.program = using(declare("two"));
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, replace: 1 });
    await stack.up();
    const found = await get("/apis/apps/v1/namespaces/default/statefulsets/store");
    assert.equal(textAt(found, "spec", "serviceName"), "two");
    await stack.destroy();
  });

  it("learns from the API server which other fields are immutable", async () => {
    const declare =
      (value: number): Declare =>
      (options) =>
        new k8s.scheduling.v1.PriorityClass("high", { metadata: { name: "high" }, value }, options);
    const stack = await newStack("immutable", using(declare(10)));
    await stack.up();
    stack.workspace.program = using(declare(20));
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, replace: 1 });
    await stack.up();
    assert.equal(at(await get("/apis/scheduling.k8s.io/v1/priorityclasses/high"), "value"), 20);
    await stack.destroy();
  });

  it("names the finalizer that keeps a deleted object, and goes on when it is gone", async () => {
    const path = "/api/v1/namespaces/default/configmaps/held";
    const program = using((options) => {
      new k8s.core.v1.ConfigMap(
        "held",
        {
          metadata: {
            name: "held",
            namespace: "default",
            annotations: { "pulumi.com/timeoutSeconds": "2" },
            finalizers: ["example.com/hold"],
          },
        },
        options,
      );
    });
    const stack = await newStack("held", program);
    await stack.up();
    const text = await failureText(() => stack.destroy());
    assert.match(text, /ConfigMap default\/held: is still there 2 s after it was deleted/);
    assert.match(text, /finalizer example\.com\/hold/);
    await patch(path, { metadata: { finalizers: null } }, "application/merge-patch+json");
    await stack.destroy();
    assert.equal(await exists(path), false);
  });

  it("patches single fields of an object that others own, and gives them back", async () => {
    const path = "/api/v1/namespaces/kube-public";
    const program = using((options) => {
      new k8s.core.v1.NamespacePatch(
        "label",
        { metadata: { name: "kube-public", labels: { "example.com/seen": "yes" } } },
        options,
      );
    });
    const stack = await newStack("patch", program);
    await stack.up();
    assert.equal(textAt(await get(path), "metadata", "labels", "example.com/seen"), "yes");
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 3 });
    await stack.destroy();
    assert.equal(textAt(await get(path), "metadata", "labels", "example.com/seen"), undefined);
    assert.equal(await exists(path), true);
  });

  it("reports what the API server finds invalid, with object and field", async () => {
    const program = using((options) => {
      new k8s.core.v1.Service(
        "wrong",
        { metadata: { name: "wrong", namespace: "default" }, spec: { ports: [{ port: 700_000 }] } },
        options,
      );
    });
    const stack = await newStack("invalid", program);
    const text = await failureText(() => stack.preview());
    assert.match(text, /Service default\/wrong: the API server finds it invalid/);
    assert.match(text, /spec\.ports\[0\]\.port/);
  });

  it("previews no replacement of any object when the kubeconfig's authority and user change", async () => {
    const declare: Declare = (options) =>
      new k8s.core.v1.ConfigMap("rotated", { metadata: { namespace: "default" }, data: { a: "1" } }, options);
    const stack = await newStack("rotation", using(declare));
    await stack.up();
    const other = JSON.parse(plane.kubeconfig) as { clusters: { cluster: Record<string, string> }[] };
    other.clusters[0]!.cluster["server"] = "https://127.0.0.1:1";
    other.clusters[0]!.cluster["certificate-authority-data"] = "";
    stack.workspace.program = using(declare, { kubeconfig: JSON.stringify(other) });
    assert.deepEqual((await stack.preview()).changeSummary, { same: 2, update: 1 });
    stack.workspace.program = using(declare);
    await stack.destroy();
  });

  it("refuses Helm charts by name", async () => {
    const program = using((options) => {
      new k8s.helm.v3.Release("chart", { chart: "nginx" }, options);
    });
    const stack = await newStack("helm", program);
    assert.match(await failureText(() => stack.preview()), /has no Helm charts and releases/);
  });

  it("previews from the inputs while the API server is away, and waits for it when applying", async () => {
    const program = using((options) => {
      new k8s.core.v1.ConfigMap(
        "patient",
        { metadata: { name: "patient", namespace: "default" }, data: { a: "1" } },
        options,
      );
    });
    const stack = await newStack("away", program);
    await plane.stopApiServer();
    assert.equal((await stack.preview()).changeSummary["create"], 3);
    const lines: string[] = [];
    let started: Promise<void> | undefined;
    const onOutput = (line: string): void => {
      lines.push(line);
      if (/cannot be reached.*trying again/.test(line)) started ??= plane.startApiServer();
    };
    await stack.up({ onOutput });
    await started;
    assert.ok(started !== undefined, "it said that the server cannot be reached");
    assert.equal(textAt(await get("/api/v1/namespaces/default/configmaps/patient"), "data", "a"), "1");
    await stack.destroy();
  });

  it("asks the API server nothing when 25 objects are unchanged", async () => {
    const program = using((options) => {
      for (let index = 0; index < 25; index += 1) {
        new k8s.core.v1.ConfigMap(
          `many-${index}`,
          { metadata: { name: `many-${index}`, namespace: "default" }, data: { index: String(index) } },
          options,
        );
      }
    });
    const stack = await newStack("many", program);
    await stack.up();
    await plane.stopApiServer();
    try {
      assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 27 });
    } finally {
      await plane.startApiServer();
    }
    await stack.destroy();
    const left = listAt(await get("/api/v1/namespaces/default/configmaps"), "items").map((item) =>
      textAt(item, "metadata", "name"),
    );
    assert.ok(!left.some((name) => name?.startsWith("many-")));
  });
});
