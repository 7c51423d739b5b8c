/** What a run does when nothing, or one thing, has changed. */
import assert from "node:assert/strict";
import { availableParallelism, loadavg } from "node:os";
import { previewSteps } from "../../support/exported-state.ts";
import { saidBy, succeeded } from "../../support/process.ts";
import type { StackUnderTest } from "../../support/stack-under-test.ts";
import { morePods, oneNode } from "./settings.ts";

/** What an unchanged run may take: twice the figure to reach, and more where others want the processors too. */
function patience(): number {
  const waiting = (loadavg()[0] ?? 0) / availableParallelism();
  return 5 * Math.max(2, 2 * waiting);
}

export function changesOnlyWhatChanged(stack: StackUnderTest): void {
  describe("changes only what has changed", () => {
    it("does nothing, and soon, when nothing has changed", async () => {
      const began = performance.now();
      succeeded(await stack.pulumi(["up", "--yes", "--skip-preview"]), "an unchanged up");
      const seconds = (performance.now() - began) / 1000;
      const { create, update, delete: deleted, replace, same } = await stack.lastChanges();
      process.stdout.write(`      an unchanged up of ${same} resources: ${seconds.toFixed(1)} s\n`);
      assert.deepEqual(
        { create, update, deleted, replace },
        { create: 0, update: 0, deleted: 0, replace: 0 },
      );
      assert.ok(seconds < patience(), `${seconds.toFixed(1)} s`);
    });

    it("finds nothing changed on the hosts after a refresh either", async () => {
      succeeded(await stack.pulumi(["refresh", "--yes", "--skip-preview"]), "a refresh");
      assert.deepEqual(await previewSteps(stack.checkout, stack.name), []);
    });

    it("has at most 30 resources for its one node", async () => {
      const own = (await stack.resources()).filter(
        ({ type, custom }) => custom && /^rktnetes:(host|pki):/.test(type),
      );
      const forNode = own.filter(({ name }) => name.startsWith("one-"));
      assert.ok(forNode.length > 5 && forNode.length <= 30, `${forNode.length}`);
    });

    it("shows a changed kubelet flag on that host, and nothing else", async () => {
      await stack.configure(morePods);
      try {
        const steps = await previewSteps(stack.checkout, stack.name);
        assert.deepEqual(
          steps.map(({ op, name, changed }) => ({ op, name, changed })),
          [
            {
              op: "update",
              name: "one-node",
              changed: ['files["/etc/kubernetes/kubelet/config.yaml"]'],
            },
          ],
        );
        const text = saidBy(await stack.pulumi(["preview", "--diff"]));
        assert.match(text, /one: +~ \/etc\/kubernetes\/kubelet\/config\.yaml/);
        assert.match(text, /- maxPods: 110/);
        assert.match(text, /\+ maxPods: 120/);
      } finally {
        await stack.configure(oneNode);
      }
    });
  });
}
