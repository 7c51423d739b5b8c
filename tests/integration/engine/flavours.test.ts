/** One image on every flavour and every release, by the command that a person types. */
import assert from "node:assert/strict";
import { releases } from "../../../lab/releases.ts";
import { quoted } from "../../../lab/shell-words.ts";
import { EngineHost } from "../../support/engine-host.ts";
import { runWith, walk, walkedFlavours } from "../../support/flavour-walk.ts";
import { saidBy } from "../../support/process.ts";

for (const release of releases) {
  describe(`rkt run with a flavour named, on ${release}`, function () {
    this.timeout(300_000);
    let host: EngineHost;

    before(async () => {
      host = await EngineHost.make(`engine-flavours-${release}`, release);
    });

    after(async () => {
      await host.remove();
    });

    for (const flavour of walkedFlavours) walk(flavour, () => host);

    it("gives a pod under host the network that the flags say", async () => {
      const ended = await host.attempt(
        runWith("host", "ip -4 addr show; hostname", "--net=default --hostname=called"),
      );
      assert.equal(ended.code, 0, saidBy(ended));
      assert.match(ended.stdout, /inet 172\.16\.28\.\d+\/24/);
      assert.match(ended.stdout, /^called\r?$/m);
    });

    // Lab hosts in systemd-nspawn lack CAP_SYS_RESOURCE, which this takes.
    for (const flavour of ["oci", "host"] as const) {
      it(`says what it cannot enforce under ${flavour}, and runs the app all the same`, async () => {
        const ended = await host.attempt(runWith(flavour, "exit 3", "--net=host", "--oom-score-adj=-500"));
        assert.equal(ended.code, 3, saidBy(ended));
        assert.match(
          ended.stderr,
          /warning: app "busybox": os\/linux\/oom-score-adj is not enforced: CAP_SYS_RESOURCE is missing here/,
        );
      });
    }

    it("does without a controller that is not there under host, and says so", async () => {
      // In a mount namespace of its own the host looks as if it had none. crun is not taken in: it asks the kernel.
      const command = runWith("host", "exit 3", "--net=host", "--memory=32M --cpu=500m");
      const ended = await host.attempt(
        `exec unshare --mount sh -c ${quoted(`umount /sys/fs/cgroup/memory && exec ${command}`)}`,
      );
      assert.equal(ended.code, 3, saidBy(ended));
      assert.match(
        ended.stderr,
        /warning: app "busybox": resource\/memory is not enforced: this host has no memory controller of cgroups/,
      );
      assert.doesNotMatch(ended.stderr, /resource\/cpu/);
    });

    it("says that fly limits nothing", async () => {
      const limits = "--memory=32M --cpu=500m --cpu-shares=512 --oom-score-adj=500";
      const ended = await host.attempt(runWith("fly", "exit 3", "", limits));
      assert.equal(ended.code, 3, saidBy(ended));
      const named = [
        ...ended.stderr.matchAll(/"busybox": (\S+) is not enforced: the fly flavour has no means to$/gm),
      ];
      assert.deepEqual(named.map(([, name]) => name).sort(), [
        "os/linux/cpu-shares",
        "os/linux/oom-score-adj",
        "resource/cpu",
        "resource/memory",
      ]);
    });
  });
}
