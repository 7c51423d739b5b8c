/** What happens when somebody changes a host by hand. */
import assert from "node:assert/strict";
import { previewSteps } from "../../support/exported-state.ts";
import { saidBy, succeeded } from "../../support/process.ts";
import { startedBetween, unitStarts } from "../../support/unit-starts.ts";
import type { StackUnderTest } from "../../support/stack-under-test.ts";

export function repairsWhatWasChangedByHand(stack: StackUnderTest): void {
  describe("after a unit was edited, a service stopped and a package removed by hand", () => {
    let started: ReadonlyMap<string, string>;
    let shown = "";

    before(async () => {
      const host = stack.host("one");
      started = await unitStarts(host);
      await host.run(`set -e
printf '\\n# by hand\\n[Service]\\nEnvironment=BY_HAND=1\\n' >>/etc/systemd/system/kube-proxy.service
systemctl stop kube-scheduler.service
DEBIAN_FRONTEND=noninteractive apt-get -qq remove -y crun >/dev/null`);
      shown = saidBy(await stack.pulumi(["refresh", "--yes", "--skip-preview", "--diff"]));
    });

    it("a refresh shows all three, on the roles that they belong to", () => {
      for (const name of ["one-node", "one-control-plane", "one-runtime"]) {
        assert.match(shown, new RegExp(`~ rktnetes:host:State[\\s\\S]*?${name}`), shown);
      }
      assert.doesNotMatch(shown, /~ rktnetes:host:State[^~]*?one-(etcd|addons|network|programs|page)/);
    });

    it("a preview shows exactly these to be repaired", async () => {
      const steps = await previewSteps(stack.checkout, stack.name);
      assert.deepEqual(
        steps
          .map(({ op, name, changed }) => ({ op, name, changed }))
          .sort((a, b) => a.name.localeCompare(b.name)),
        [
          { op: "update", name: "one-control-plane", changed: ['units["kube-scheduler.service"]'] },
          { op: "update", name: "one-node", changed: ['units["kube-proxy.service"]'] },
          { op: "update", name: "one-runtime", changed: ['packages["crun"]'] },
        ],
      );
    });

    it("up repairs them, and starts nothing else", async () => {
      succeeded(await stack.pulumi(["up", "--yes", "--skip-preview"]), "up");
      const host = stack.host("one");
      assert.equal(
        await host.run(
          "grep -c BY_HAND /etc/systemd/system/kube-proxy.service; systemctl is-active kube-scheduler kube-proxy; dpkg-query -W -f '${db:Status-Status}' crun",
        ),
        "0\nactive\nactive\ninstalled",
      );
      assert.deepEqual(startedBetween(started, await unitStarts(host)), ["kube-proxy", "kube-scheduler"]);
      assert.deepEqual(await previewSteps(stack.checkout, stack.name), []);
    });
  });
}
