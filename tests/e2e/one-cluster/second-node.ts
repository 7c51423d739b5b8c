/** A node comes, serves its part, dies, and is let go of. */
import assert from "node:assert/strict";
import { z } from "zod";
import { readHost, stopHost } from "../../../lab/hosts.ts";
import { eventually } from "../../support/await.ts";
import { fetchText, tally } from "../../support/cluster-page.ts";
import { previewSteps } from "../../support/exported-state.ts";
import { labOptions } from "../../support/host-in-lab.ts";
import { succeeded } from "../../support/process.ts";
import { startedBetween, unitStarts } from "../../support/unit-starts.ts";
import type { StackUnderTest } from "../../support/stack-under-test.ts";
import { NODE_PORTS, ONE, oneNode, secondAbandoned, TWO, twoNodes } from "./settings.ts";

const podsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
      spec: z.object({ nodeName: z.string().optional() }),
      status: z.object({
        podIP: z.string().optional(),
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      }),
    }),
  ),
});

const nodesSchema = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

interface ReadyPod {
  readonly name: string;
  readonly node: string;
  readonly address: string;
}

const REPLICAS = 4;
const REQUESTS = 1000;
/** 40 or 50 s until a silent node counts as gone, 10 s that the pods tolerate it, and room for a busy machine. */
const REPLACED_WITHIN = 150;

export function growsAndShrinks(stack: StackUnderTest): void {
  const readyPods = async (app: string): Promise<ReadyPod[]> => {
    const { items } = await stack.object(podsSchema, "get", "pods", "-l", `app=${app}`);
    return items.flatMap(({ metadata, spec, status }): ReadyPod[] => {
      const ready = status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True");
      const { nodeName, podIP } = { ...spec, ...status };
      if (!ready || metadata.deletionTimestamp !== undefined || nodeName === undefined || podIP === undefined)
        return [];
      return [{ name: metadata.name, node: nodeName, address: podIP }];
    });
  };

  const nodeNames = async (): Promise<string[]> => {
    const { items } = await stack.object(nodesSchema, "get", "nodes");
    return items.map(({ metadata }) => metadata.name);
  };

  /** Those that have begun to go count too: someone would wait for them. */
  const podsOn = async (node: string): Promise<string[]> => {
    const { items } = await stack.object(podsSchema, "get", "pods", "--all-namespaces");
    return items.filter(({ spec }) => spec.nodeName === node).map(({ metadata }) => metadata.name);
  };

  describe("with a second node by one line of configuration", () => {
    it("plans nothing for the first host but a route to the second one's pods", async () => {
      await stack.configure(twoNodes);
      const steps = await previewSteps(stack.checkout, stack.name);
      const onFirst = steps.filter(({ name }) => name.startsWith("one-") || name === "one");
      assert.deepEqual(
        onFirst.map(({ op, name }) => `${op} ${name}`),
        ["create one-routes"],
      );
      const others = steps.filter(({ op, type }) => op !== "create" && type !== "pulumi:pulumi:Stack");
      assert.deepEqual(others, []);
    });

    it("brings the node up and starts nothing anew on the first host", async () => {
      const before = await unitStarts(stack.host("one"));
      const began = performance.now();
      await stack.mustUp();
      process.stdout.write(`      one node more: ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
      assert.deepEqual(startedBetween(before, await unitStarts(stack.host("one"))), []);
      assert.match(await stack.kubectl("get", "node", "two", "--no-headers"), /^two +Ready /);
    });

    it("runs pods on both nodes", async () => {
      await stack.kubectl("delete", "pods", "-l", "app=web", "--wait=false");
      await eventually(
        "replicas on both nodes",
        async () => {
          const pods = await readyPods("web");
          assert.equal(pods.length, REPLICAS);
          assert.deepEqual([...new Set(pods.map(({ node }) => node))].sort(), ["one", "two"]);
          assert.equal((await readyPods("example-everywhere")).length, 2);
        },
        { seconds: 90 },
      );
    });

    it("lets pods of both nodes reach each other and the service by its name", async () => {
      const pods = await readyPods("web");
      for (const node of ["one", "two"]) {
        const from = pods.find((pod) => pod.node === node);
        const to = pods.find((pod) => pod.node !== node);
        assert.ok(from !== undefined && to !== undefined);
        const curl = ["exec", from.name, "--", "curl", "-sS", "--max-time", "10"];
        assert.equal(await stack.kubectl(...curl, `http://${to.address}:8080/`), to.name);
        const answer = await stack.kubectl(...curl, "http://web.default.svc.cluster.local/");
        assert.ok(
          pods.some(({ name }) => name === answer),
          answer,
        );
        assert.equal(await stack.kubectl(...curl, "http://task-pv-service/"), "Hello world");
      }
    });

    it("serves pages and service at the port of either node, though they run on one", async () => {
      const names = (await readyPods("web")).map(({ name }) => name);
      for (const address of [ONE, TWO]) {
        assert.equal(await fetchText(`http://${address}:${NODE_PORTS.page}/`), "Hello world");
        assert.ok(names.includes(await fetchText(`http://${address}:${NODE_PORTS.web}/`)));
      }
    });

    it("answers a thousand requests, each replica within a fifth of its share", async () => {
      const half = await tally(`http://${ONE}:${NODE_PORTS.web}/`, REQUESTS / 2);
      for (const [name, count] of await tally(`http://${TWO}:${NODE_PORTS.web}/`, REQUESTS / 2)) {
        half.set(name, (half.get(name) ?? 0) + count);
      }
      const share = REQUESTS / REPLICAS;
      process.stdout.write(`      answered by each: ${[...half.values()].join(", ")}\n`);
      assert.deepEqual([...half.keys()].sort(), (await readyPods("web")).map(({ name }) => name).sort());
      for (const [name, count] of half) assert.ok(Math.abs(count - share) <= share / 5, `${name}: ${count}`);
    });

    it("shows logs and metrics of pods on either node", async () => {
      for (const pod of await readyPods("example-everywhere")) await stack.kubectl("logs", pod.name);
      await eventually(
        "kubectl top nodes",
        async () => {
          const lines = await stack.kubectl("top", "nodes", "--no-headers");
          assert.match(lines, /^two +\d+m/m);
        },
        { seconds: 90 },
      );
    });
  });

  describe("when the second node dies", () => {
    it("replaces its pods on the first, and goes on serving", async () => {
      const lost = stack.host("two");
      // The power is cut: nobody says goodbye.
      await stopHost(lost.network, lost.name, labOptions, 0);
      const died = performance.now();
      await eventually(
        "replacements on the first node",
        async () => {
          const pods = (await readyPods("web")).filter(({ node }) => node === "one");
          assert.equal(pods.length, REPLICAS);
        },
        { seconds: REPLACED_WITHIN, everyMilliseconds: 1000 },
      );
      process.stdout.write(`      replaced after ${((performance.now() - died) / 1000).toFixed(0)} s\n`);
      const answers = await eventually("every answer", () => tally(`http://${ONE}:${NODE_PORTS.web}/`, 100), {
        seconds: 30,
      });
      assert.equal(answers.size, REPLICAS);
    });

    it("leaves the cluster with its pods by an explicit choice, without being reached", async () => {
      await stack.configure(secondAbandoned);
      succeeded(await stack.pulumi(["up", "--yes", "--skip-preview"]), "up with the host abandoned");
      assert.deepEqual(await nodeNames(), ["one"]);
      assert.deepEqual(await podsOn("two"), []);
      const lost = stack.host("two");
      const { status } = (await readHost(lost.network, lost.name, labOptions.folders)) ?? {};
      assert.equal(status, "stopped", "a host that is given up was started");
    });

    it("is forgotten when its line is taken out, and nothing else is touched", async () => {
      const before = await unitStarts(stack.host("one"));
      await stack.configure(oneNode);
      assert.match(await stack.mustUp(), /two: is abandoned/);
      assert.deepEqual(startedBetween(before, await unitStarts(stack.host("one"))), []);
      assert.deepEqual(
        (await stack.resources()).filter(({ name }) => name.startsWith("two")).map(({ name }) => name),
        [],
      );
      assert.equal(await fetchText(`http://${ONE}:${NODE_PORTS.page}/`), "Hello world");
      assert.doesNotMatch(await stack.host("one").run("ip route"), /10\.244\.1\./);
    });
  });

  describe("when a second node comes again and leaves alive", () => {
    it("takes its part, with the roles that the configuration gives it", async () => {
      await stack.configure(twoNodes);
      await stack.mustUp();
      assert.match(await stack.kubectl("get", "node", "two", "--no-headers"), /^two +Ready +worker /);
      assert.match(
        await stack.kubectl("get", "node", "one", "--no-headers"),
        /^one +Ready +control-plane,worker /,
      );
      await stack.kubectl("delete", "pods", "-l", "app=web", "--wait=false");
      await eventually(
        "a replica on the second node",
        async () => {
          const pods = await readyPods("web");
          assert.ok(pods.length === REPLICAS && pods.some(({ node }) => node === "two"));
        },
        { seconds: 90 },
      );
    });

    it("is gone with the run that takes it out, and so are its pods", async () => {
      await stack.configure(oneNode);
      await stack.mustUp();
      assert.deepEqual(await nodeNames(), ["one"]);
      assert.deepEqual(await podsOn("two"), []);
      await eventually(
        "replacements on the first node",
        async () => {
          const pods = (await readyPods("web")).filter(({ node }) => node === "one");
          assert.equal(pods.length, REPLICAS);
        },
        { seconds: 60 },
      );
    });
  });
}
