/**
 * The machine that users really have: Debian 13 with a kernel of its own, cgroup v2 and all capabilities, reached by
 * ssh as a user with sudo. Where KVM does not work it is emulated, a dozen times slower.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { eventually } from "../support/await.ts";
import { fetchText } from "../support/cluster-page.ts";
import { Metal } from "../support/metal.ts";
import { differences, type Snapshot } from "../support/machine-snapshot.ts";
import { hostSnapshot } from "../support/host-snapshot.ts";
import { succeeded } from "../support/process.ts";
import { StackUnderTest } from "../support/stack-under-test.ts";

const stack = new StackUnderTest("emulated");
const metal = await Metal.planned("kvm", join(stack.checkout.folder, ".rktnetes", "keys"));

describe("a virtual machine reached by ssh, as a user with sudo", function () {
  this.timeout(0);
  let pristine: Snapshot;

  before(async () => {
    await stack.forget();
    await metal.make();
    await stack.prepare(metal.settings({ deadlineSeconds: 600 }));
    pristine = await hostSnapshot(metal.host);
  });

  after(async () => {
    await stack.takeAway();
    await metal.remove();
  });

  it("has its own kernel, systemd as its first process and cgroup v2", async () => {
    const seen = await metal.host.run(
      "cat /proc/1/comm; stat -f -c %T /sys/fs/cgroup; systemd-detect-virt --container || true; . /etc/os-release; echo $VERSION_ID",
    );
    assert.equal(seen, "systemd\ncgroup2fs\nnone\n13");
  });

  it("gets its cluster by one command and serves the page", async () => {
    const began = performance.now();
    const said = await stack.mustUp();
    process.stdout.write(
      `      from nothing to Hello world: ${((performance.now() - began) / 1000).toFixed(0)} s\n`,
    );
    assert.match(said, /✔ nodes Ready +1 of 1: metal/);
    assert.match(said, /✔ page fetched from http:\S+ +Hello world/);
  });

  it("serves it again after a reboot", async () => {
    await metal.host.reboot();
    await eventually(
      "the page",
      async () => {
        assert.equal(await fetchText(`http://${metal.address}:30090/`), "Hello world");
      },
      { seconds: 1800, everyMilliseconds: 2000 },
    );
  });

  it("is left as it was found", async () => {
    succeeded(await stack.down(), "down");
    assert.deepEqual(differences(pristine, await hostSnapshot(metal.host)), []);
  });
});
