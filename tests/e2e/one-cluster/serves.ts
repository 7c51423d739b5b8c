/** What a person who has typed `make up` finds. */
import assert from "node:assert/strict";
import { z } from "zod";
import { eventually } from "../../support/await.ts";
import { fetchText } from "../../support/cluster-page.ts";
import type { StackUnderTest } from "../../support/stack-under-test.ts";
import { NODE_PORTS, ONE } from "./settings.ts";

const conditions = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string(), lastTransitionTime: z.string() })),
  }),
});
const phase = z.object({ status: z.object({ phase: z.string() }) });
const times = z.object({
  metadata: z.object({ creationTimestamp: z.string() }),
  spec: z.object({ claimRef: z.object({ name: z.string() }).optional() }).optional(),
});

export function servesThePage(stack: StackUnderTest): void {
  describe("serves what was asked for", () => {
    it("has its node Ready", async () => {
      const node = await stack.object(conditions, "get", "node", "one");
      assert.equal(node.status.conditions.find(({ type }) => type === "Ready")?.status, "True");
    });

    it("has volume and claim bound to each other", async () => {
      for (const object of ["persistentvolume/task-pv-volume", "persistentvolumeclaim/task-pv-claim"]) {
        assert.equal((await stack.object(phase, "get", object)).status.phase, "Bound", object);
      }
      const volume = await stack.object(times, "get", "persistentvolume/task-pv-volume");
      assert.equal(volume.spec?.claimRef?.name, "task-pv-claim");
    });

    it("answers Hello world inside the pod and at the node's port", async () => {
      const inside = await stack.kubectl(
        "exec",
        "task-pv-pod",
        "--",
        "curl",
        "-sS",
        "http://localhost:8090/",
      );
      assert.equal(inside, "Hello world");
      assert.equal(await fetchText(`http://${ONE}:${NODE_PORTS.page}/`), "Hello world");
    });

    it("serves the page as it lies on the host", async () => {
      const host = stack.host("one");
      await host.run("echo 'Hello again' >/tmp/prueba/index.html");
      try {
        assert.equal(await fetchText(`http://${ONE}:${NODE_PORTS.page}/`), "Hello again");
      } finally {
        await host.run("echo 'Hello world' >/tmp/prueba/index.html");
      }
    });

    it("answers at the name of the service inside the cluster, and resolves names outside it as its host does", async () => {
      const shell = ["exec", "replicationcontroller/example-replicas", "--", "/bin/sh", "-c"];
      const pods = (await stack.kubectl("get", "pods", "-l", "app=web", "-o", "name")).split("\n");
      const page = await stack.kubectl(
        "exec",
        "task-pv-pod",
        "--",
        "curl",
        "-sS",
        "http://web.default.svc.cluster.local/",
      );
      assert.ok(pods.includes(`pod/${page}`), page);
      assert.match(await stack.kubectl(...shell, "cat /etc/resolv.conf"), /nameserver 10\.96\.0\.10/);
    });

    it("has run the examples: replicas, one pod on each node, a job to its end", async () => {
      assert.equal(
        await stack.kubectl("get", "rc/example-replicas", "-o", "jsonpath={.status.readyReplicas}"),
        "2",
      );
      assert.equal(
        await stack.kubectl("get", "ds/example-everywhere", "-o", "jsonpath={.status.numberReady}"),
        "1",
      );
      assert.equal(await stack.kubectl("logs", "job/example-job"), "done");
    });
  });
}

export function showsMetrics(stack: StackUnderTest): void {
  describe("shows what is used", () => {
    it("answers kubectl top for nodes and pods", async () => {
      const nodes = await eventually(
        "kubectl top nodes",
        () => stack.kubectl("top", "nodes", "--no-headers"),
        {
          seconds: 90,
        },
      );
      assert.match(nodes, /^one +\d+m +\d+% +\d+Mi +\d+% *$/m);
      const pods = await eventually(
        "kubectl top pods",
        async () => {
          const lines = await stack.kubectl("top", "pods", "--no-headers");
          assert.match(lines, /^task-pv-pod +\d+m +\d+Mi *$/m);
          return lines;
        },
        { seconds: 90 },
      );
      assert.match(pods, /^web-/m);
    });

    it("labels cAdvisor's metrics with pod, namespace and container", async () => {
      await eventually(
        "metrics of the pod",
        async () => {
          const text = await stack.kubectl("get", "--raw", "/api/v1/nodes/one/proxy/metrics/cadvisor");
          const line = text
            .split("\n")
            .find(
              (each) =>
                each.startsWith("container_memory_working_set_bytes") && each.includes('pod="task-pv-pod"'),
            );
          assert.ok(line !== undefined, "no line for the pod");
          assert.match(line, /namespace="default"/);
          assert.ok(text.includes('container="task-pv-container"'), "no line for the container");
          assert.ok(Number(line.split(" ")[1]) > 100_000, line);
        },
        { seconds: 60 },
      );
    });
  });
}
