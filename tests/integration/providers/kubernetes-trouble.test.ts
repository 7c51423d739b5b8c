import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import { textAt } from "../../../provider/kubernetes/json.ts";
import { ClusterBench, type Declare } from "./cluster-bench.ts";
import { failureText } from "./workspace.ts";

describe("trouble with the cluster, behind the offline kubernetes provider", function () {
  this.timeout(300_000);
  let bench: ClusterBench;

  before(async () => {
    bench = await ClusterBench.start();
  });

  after(async () => {
    await bench.stop();
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
    const stack = await bench.stack("unready", bench.using(declare({ "pulumi.com/timeoutSeconds": "3" })));
    const text = await failureText(() => stack.up());
    assert.match(text, /Deployment default\/lonely: is not ready after 3 s/);
    assert.match(text, /(replicas are available|has not taken it up)/);
    const recorded = JSON.stringify(await stack.exportStack());
    assert.match(recorded, /"initErrors"/);
    assert.match(recorded, /"id":"default\/lonely"/);
    stack.workspace.program = bench.using(declare({ "pulumi.com/skipAwait": "true" }));
    assert.equal((await stack.up()).summary.resourceChanges?.update, 1);
    await stack.destroy();
    assert.equal(await bench.exists("/apis/apps/v1/namespaces/default/deployments/lonely"), false);
  });

  it("names the finalizer that keeps a deleted object, and goes on when it is gone", async () => {
    const path = "/api/v1/namespaces/default/configmaps/held";
    const program = bench.using((options) => {
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
    const stack = await bench.stack("held", program);
    await stack.up();
    const text = await failureText(() => stack.destroy());
    assert.match(text, /ConfigMap default\/held: is still there 2 s after it was deleted/);
    assert.match(text, /finalizer example\.com\/hold/);
    await bench.patch(path, { metadata: { finalizers: null } }, "application/merge-patch+json");
    await stack.destroy();
    assert.equal(await bench.exists(path), false);
  });

  it("reports what the API server finds invalid, with object and field", async () => {
    const program = bench.using((options) => {
      new k8s.core.v1.Service(
        "wrong",
        { metadata: { name: "wrong", namespace: "default" }, spec: { ports: [{ port: 700_000 }] } },
        options,
      );
    });
    const stack = await bench.stack("invalid", program);
    const text = await failureText(() => stack.preview());
    assert.match(text, /Service default\/wrong: the API server finds it invalid/);
    assert.match(text, /spec\.ports\[0\]\.port/);
  });

  it("refuses Helm charts by name", async () => {
    const program = bench.using((options) => {
      new k8s.helm.v3.Release("chart", { chart: "nginx" }, options);
    });
    const stack = await bench.stack("helm", program);
    assert.match(await failureText(() => stack.preview()), /has no Helm charts and releases/);
  });

  it("previews from the inputs while the API server is away, and waits for it when applying", async () => {
    const program = bench.using((options) => {
      new k8s.core.v1.ConfigMap(
        "patient",
        { metadata: { name: "patient", namespace: "default" }, data: { a: "1" } },
        options,
      );
    });
    const stack = await bench.stack("away", program);
    await bench.plane.stopApiServer();
    assert.equal((await stack.preview()).changeSummary["create"], 3);
    const lines: string[] = [];
    let started: Promise<void> | undefined;
    const onOutput = (line: string): void => {
      lines.push(line);
      if (/cannot be reached.*trying again/.test(line)) started ??= bench.plane.startApiServer();
    };
    await stack.up({ onOutput });
    await started;
    assert.ok(started !== undefined, "it said that the server cannot be reached");
    assert.equal(textAt(await bench.get("/api/v1/namespaces/default/configmaps/patient"), "data", "a"), "1");
    await stack.destroy();
  });
});
