/** One image on every flavour, by the command that a person types. */
import assert from "node:assert/strict";
import { busybox, EngineHost } from "../../support/engine-host.ts";
import { eventually } from "../../support/await.ts";
import { saidBy } from "../../support/process.ts";

describe("rkt run with a flavour named", function () {
  this.timeout(300_000);
  let host: EngineHost;

  before(async () => {
    host = await EngineHost.make("engine-flavours", "trixie");
  });

  after(async () => {
    await host.remove();
  });

  function run(flavour: string, command: string, flags = "", image = ""): string {
    return `rkt run --stage1-name=coreos.com/rkt/stage1-${flavour} ${flags} ${busybox} ${image} --exec=/bin/sh -- -c '${command}'`;
  }

  for (const flavour of ["fly", "host"]) {
    it(`runs the image under ${flavour}, and ends with the app's code`, async () => {
      const ended = await host.attempt(
        run(
          flavour,
          "id -u; echo $COLOUR; exit 7",
          "--net=host --set-env=COLOUR=blue",
          "--user=worker --group=workers",
        ),
      );
      assert.equal(ended.code, 7, saidBy(ended));
      assert.match(ended.stdout, /^1000\r?\nblue\r?$/m);
    });

    it(`lists, enters, stops and collects a pod of ${flavour}`, async () => {
      await host.run(
        `systemd-run --quiet --collect --unit=pod-${flavour} --property=Delegate=yes ${run(flavour, "exec sleep 3579", `--net=host --uuid-file-save=/run/${flavour}.uuid`)}`,
      );
      await eventually("the app runs", () => host.run("pgrep -f sleep.3579$"), { seconds: 60 });
      const uuid = await host.run(`cat /run/${flavour}.uuid`);
      assert.match(await host.run("rkt list"), /running/);
      assert.equal(
        await host.run(`rkt enter ${uuid} /bin/sh -c 'echo entered; ls /etc'`),
        "entered\ngroup\nhosts\npasswd",
      );
      await host.run(`rkt stop ${uuid}`);
      await eventually("it has ended", () => host.run(`rkt status ${uuid} | grep state=exited`), {
        seconds: 60,
      });
      await host.run("rkt gc --grace-period=0s");
      await host.run("rkt gc --grace-period=0s");
      assert.doesNotMatch(await host.run("rkt list"), new RegExp(uuid.slice(0, 8)));
    });
  }

  it("gives a pod under host the network that the flags say", async () => {
    const ended = await host.attempt(
      run("host", "ip -4 addr show; hostname", "--net=default --hostname=called"),
    );
    assert.equal(ended.code, 0, saidBy(ended));
    assert.match(ended.stdout, /inet 172\.16\.28\.\d+\/24/);
    assert.match(ended.stdout, /^called\r?$/m);
  });
});
