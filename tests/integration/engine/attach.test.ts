/** Getting to the streams and the terminal of an app that runs, by the command that a person types. */
import assert from "node:assert/strict";
import { quoted } from "../../../lab/shell-words.ts";
import { eventually } from "../../support/await.ts";
import { busybox, EngineHost } from "../../support/engine-host.ts";
import { saidBy } from "../../support/process.ts";

const soon = { seconds: 30 };

describe("rkt attach", function () {
  this.timeout(300_000);
  let host: EngineHost;

  before(async () => {
    host = await EngineHost.make("engine-attach", "trixie");
  });

  after(async () => {
    await host.remove();
  });

  /** Starts a pod in a unit of its own; gives its uuid once its app can be attached to. */
  async function start(name: string, flags: string, script: string): Promise<string> {
    const run = `rkt run --net=none --uuid-file-save=/run/${name} ${busybox} ${flags} --exec=/bin/sh -- -c ${quoted(script)}`;
    await host.run(`systemd-run --quiet --collect --unit=${name} --property=Delegate=yes ${run}`);
    return await eventually(
      "the app's streams are there",
      () =>
        host.run(`uuid=$(cat /run/${name}); test -S /var/lib/rkt/pods/run/$uuid/oci/*/attach; echo $uuid`),
      soon,
    );
  }

  it("types into an app, hears both of its outputs apart, and leaves its exit code to the pod", async () => {
    const uuid = await start(
      "streams",
      "--stdin=stream --stdout=stream --stderr=stream",
      "while read -r line; do echo got $line; echo trouble >&2; done; exit 5",
    );
    const listed = await host.run(`rkt attach --mode=list ${uuid}`);
    assert.deepEqual(
      [...listed.matchAll(/"name": "(\w+)"/g)].map(([, name]) => name),
      ["stdin", "stdout", "stderr"],
    );
    const said = await host.attempt(
      `printf 'one\\ntwo\\n' | rkt attach --mode=stdin,stdout,stderr ${uuid} 2>/run/errors; echo $?; cat /run/errors`,
    );
    assert.equal(said.stdout, "got one\ngot two\n0\ntrouble\ntrouble\n", saidBy(said));
    await eventually("the pod has ended", () => host.run(`rkt status ${uuid} | grep app-busybox=5`), soon);
  });

  it("leaves an app alone when whoever is attached is killed", async () => {
    const uuid = await start("killed", "--stdin=stream --stdout=stream", "while read -r x; do echo $x; done");
    await host.run(
      `(while sleep 0.1; do echo again; done) | rkt attach ${uuid} >/run/heard & pid=$!
until grep -q again /run/heard; do sleep 0.1; done; kill -9 $pid`,
    );
    const said = await host.attempt(`echo last | rkt attach --mode=stdin,stdout ${uuid}`);
    assert.equal(said.code, 0, saidBy(said));
    assert.match(said.stdout, /^last$/m);
  });

  it("gives an app a terminal with the size of whoever comes", async () => {
    const uuid = await start("terminal", "--stdin=tty --stdout=tty --stderr=tty", "exec sh");
    const typed = String.raw`stty rows 33 columns 99; exec rkt attach ${uuid}`;
    const said = await host.attempt(
      `(sleep 1; echo 'tty; stty size; exit 4'; sleep 2) | script --quiet --return --command ${quoted(typed)} /dev/null`,
    );
    assert.equal(said.code, 0, saidBy(said));
    assert.match(said.stdout, /\/dev\/pts\/0/);
    assert.match(said.stdout, /33 99/);
  });

  it("refuses what cannot be attached to, and says what can", async () => {
    const uuid = await start("output", "--stdout=stream", "exec sleep 1000");
    const missing = await host.attempt(`rkt attach --mode=stdin ${uuid}`);
    assert.equal(missing.code, 254);
    assert.match(missing.stderr, /no such stream[^]*allowed:\s+stdout/);
    const mixed = await host.attempt(`rkt attach --mode=stdin,tty ${uuid}`);
    assert.match(mixed.stderr, /cannot simultaneously attach TTY and streams/);
    const flavour = await host.attempt(
      `rkt run --stage1-name=coreos.com/rkt/stage1-host --net=none ${busybox} --stdout=stream --exec=/bin/true`,
    );
    assert.match(flavour.stderr, /the host flavour cannot give app "busybox" such streams/);
    await host.run(`rkt stop --force ${uuid}`);
  });

  it("throws away what nobody wants, and keeps the host's own devices out of it", async () => {
    const said = await host.attempt(
      `rkt run --net=none ${busybox} --user=worker --stdout=null --exec=/bin/sh -- -c 'echo hidden; echo shown >&2'`,
    );
    assert.deepEqual([said.code, said.stdout, said.stderr], [0, "", "shown\n"]);
    assert.equal(await host.run("stat -c '%u %a' /dev/null"), "0 666");
  });

  it("attaches to an app that came to a running pod", async () => {
    await host.run(
      "RKT_EXPERIMENT_APP=true systemd-run --quiet --collect --unit=sandbox --setenv=RKT_EXPERIMENT_APP=true --property=Delegate=yes rkt app sandbox --net=none --uuid-file-save=/run/sandbox",
    );
    await eventually(
      "the sandbox is ready",
      () => host.run("rkt status --wait-ready=20s $(cat /run/sandbox)"),
      soon,
    );
    const said = await host.attempt(`export RKT_EXPERIMENT_APP=true; uuid=$(cat /run/sandbox)
rkt app add $uuid ${busybox} --name=late --stdin=stream --stdout=stream --exec=/bin/cat
rkt app start $uuid --app=late
echo hello | rkt attach --app=late --mode=stdin,stdout $uuid
rkt stop --force $uuid >/dev/null`);
    assert.equal(said.code, 0, saidBy(said));
    assert.match(said.stdout, /^hello$/m);
  });
});
