/** What a pod's start takes of its host, by counting: a clock would say more of the machine than of the engine. */
import assert from "node:assert/strict";
import { busybox, EngineHost } from "../../support/engine-host.ts";

/** Programs that are started, with the app, the command's own shell and Node.js; systemd's inside the pod too. */
const mostPrograms = { oci: 6, fly: 6, host: 15 } as const;

describe("rkt run", function () {
  this.timeout(300_000);
  let host: EngineHost;

  before(async () => {
    host = await EngineHost.make("engine-start", "trixie");
    await host.run(
      "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends strace >/dev/null",
    );
  });

  after(async () => {
    await host.remove();
  });

  for (const [flavour, most] of Object.entries(mostPrograms)) {
    it(`starts no more than ${most} programs with ${flavour}, and waits for no disk`, async () => {
      const run = `rkt run --stage1-name=coreos.com/rkt/stage1-${flavour} --net=none ${busybox} --exec=/bin/true`;
      // The first one keeps what was compiled for it.
      const calls = await host.run(
        `${run}; strace --follow-forks --trace=execve,fsync,fdatasync,sync,syncfs,sync_file_range --output=/tmp/calls ${run}; cat /tmp/calls`,
      );
      const started = calls.split("\n").filter((line) => /execve(\(| resumed).* = 0$/.test(line));
      assert.ok(started.length > 3 && started.length <= most, started.join("\n"));
      assert.doesNotMatch(calls, /sync/);
    });
  }

  it("starts from compiled code that is kept for each kind of command", async () => {
    const kept = await host.run("ls /var/cache/rkt");
    for (const kind of ["run-oci-none", "run-fly-none", "run-host-none"])
      assert.match(kept, new RegExp(`-${kind}$`, "m"));
  });

  it("starts no worse without them, or with what is none of them", async () => {
    const run = `rkt run --stage1-name=coreos.com/rkt/stage1-oci --net=none ${busybox} --exec=/bin/sh -- -c 'exit 3'`;
    assert.equal((await host.attempt(`rm /var/cache/rkt/*; ${run}`)).code, 3);
    assert.equal(
      (await host.attempt(`for each in /var/cache/rkt/*; do echo damaged >$each; done; ${run}`)).code,
      3,
    );
  });
});
