/** A host that is started anew. */
import assert from "node:assert/strict";
import { z } from "zod";
import { eventually } from "../../support/await.ts";
import { fetchText } from "../../support/cluster-page.ts";
import { previewSteps } from "../../support/exported-state.ts";
import { succeeded } from "../../support/process.ts";
import { unitStarts } from "../../support/unit-starts.ts";
import type { StackUnderTest } from "../../support/stack-under-test.ts";
import { NODE_PORTS, ONE } from "./settings.ts";

const nodeSchema = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string(), lastHeartbeatTime: z.string() })),
  }),
});
const podSchema = z.object({
  status: z.object({
    containerStatuses: z.array(z.object({ restartCount: z.number(), ready: z.boolean() })),
  }),
});

export function survivesReboots(stack: StackUnderTest): void {
  for (const [how, hard] of [
    ["a reboot", false],
    ["a power cut", true],
  ] as const) {
    describe(`after ${how} of its host`, () => {
      it("comes back by itself and serves the page", async () => {
        const host = stack.host("one");
        const before = await unitStarts(host);
        const rebooted = new Date();
        await host.reboot(hard);
        await eventually(
          "the node to be Ready again",
          async () => {
            const { status } = await stack.object(nodeSchema, "get", "node", "one", "--request-timeout=5s");
            const ready = status.conditions.find(({ type }) => type === "Ready");
            assert.equal(ready?.status, "True");
            assert.ok(new Date(ready.lastHeartbeatTime) > rebooted, "not heard of since");
          },
          { seconds: 180 },
        );
        await eventually(
          "the page",
          async () => {
            assert.equal(await fetchText(`http://${ONE}:${NODE_PORTS.page}/`, 3000), "Hello world");
            const { status } = await stack.object(podSchema, "get", "pod", "task-pv-pod");
            assert.ok(status.containerStatuses.every(({ restartCount, ready }) => restartCount > 0 && ready));
          },
          { seconds: 180 },
        );
        const after = await unitStarts(host);
        for (const [unit, start] of after) {
          assert.match(start, /^active /, unit);
          assert.notEqual(start, before.get(unit), unit);
        }
        const seconds = (Date.now() - rebooted.getTime()) / 1000;
        process.stdout.write(`      from the order to the page: ${seconds.toFixed(0)} s\n`);
      });

      it("has nothing to repair", async () => {
        assert.equal(await stack.host("one").run("systemctl list-units --failed --plain --no-legend"), "");
        succeeded(await stack.pulumi(["refresh", "--yes", "--skip-preview"]), "a refresh");
        assert.deepEqual(await previewSteps(stack.checkout, stack.name), []);
      });
    });
  }
}
