import assert from "node:assert/strict";
import { eventually } from "../../support/await.ts";
import { busybox, EngineHost, files, signer } from "../../support/engine-host.ts";
import { killSomeCommand, nothingLeft, pod, startService, traces } from "../../support/killed-commands.ts";
import { quoted } from "../../../lab/shell-words.ts";
import { Chance, SEED } from "../../support/seed.ts";

const KILLS = 20;

describe("rkt on a host", function () {
  this.timeout(180_000);
  let host: EngineHost;

  before(async () => {
    host = await EngineHost.make("engine-run", "trixie");
  });

  after(async () => {
    await host.remove();
  });

  afterEach(async () => {
    await host.run(
      "systemctl stop entered shown sandbox web survivor 2>/dev/null; rkt gc --grace-period=0s --expire-prepared=0s >/dev/null 2>&1",
    );
  });

  function startInBackground(name: string, command: string, flags = ""): Promise<string> {
    return startService(host, name, command, flags);
  }

  it("verifies an image before it runs, and runs none that nobody trusted signed", async () => {
    const fetched = await host.attempt(`rkt fetch ${files}/busybox.aci`);
    assert.equal(fetched.code, 0);
    assert.match(fetched.stderr, new RegExp(`image: signature verified:\\n {2}${signer}`));
    assert.match(fetched.stdout, /^sha512-[0-9a-f]{32}\n$/);
    const unsigned = await host.attempt(
      `cp ${files}/busybox.aci /tmp/unsigned.aci; rkt run /tmp/unsigned.aci`,
    );
    assert.equal(unsigned.code, 254);
    assert.match(unsigned.stderr, /run: open \/tmp\/unsigned\.aci\.asc: no such file or directory/);
    const tampered = await host.attempt(
      `cp ${files}/busybox.aci /tmp/bad.aci; cp ${files}/busybox.aci.asc /tmp/bad.aci.asc; printf x >>/tmp/bad.aci; rkt run /tmp/bad.aci`,
    );
    assert.equal(tampered.code, 254);
    assert.match(tampered.stderr, /openpgp: invalid signature: hash tag doesn't match/);
  });

  it("ends with the app's exit code, and hands its outputs through", async () => {
    const ended = await host.attempt(pod("echo out; echo err >&2; exit 7"));
    assert.equal(ended.code, 7);
    assert.equal(ended.stdout, "out\n");
    assert.match(ended.stderr, /err\n/);
  });

  it("ends the whole pod when one app fails, with that app's code", async () => {
    const ended = await host.attempt(
      `rkt run --net=none ${busybox} --name=one --exec=/bin/sh -- -c 'exit 3' --- ${busybox} --name=two --exec=/bin/sleep -- 1000`,
    );
    assert.equal(ended.code, 3);
    const listed = await host.run("rkt list --format=json");
    assert.match(listed, /"exited"/);
  });

  it("gives an app the user, environment and folder that were asked for", async () => {
    const output = await host.run(
      `rkt run --net=none --set-env=COLOUR=blue ${busybox} --user=worker --group=workers --working-dir=/tmp --exec=/bin/sh -- -c 'id -u; id -g; pwd; echo $COLOUR $AC_APP_NAME $HOME'`,
    );
    assert.deepEqual(output.split("\n"), ["1000", "1001", "/tmp", "blue busybox /home/worker"]);
  });

  it("mounts volumes of the host, read-only where asked, and empty ones that the apps share", async () => {
    await host.run("mkdir -p /srv/page && echo page >/srv/page/index.html");
    const output = await host.attempt(
      pod(
        "cat /data/index.html; touch /data/x 2>&1; echo kept >/scratch/file; cat /scratch/file",
        "--volume=page,kind=host,source=/srv/page,readOnly=true --mount=volume=page,target=/data --volume=scratch,kind=empty --mount=volume=scratch,target=/scratch",
      ),
    );
    assert.equal(output.code, 0, output.stderr);
    assert.match(output.stdout, /^page\ntouch: .*Read-only file system\nkept\n$/);
  });

  it("holds an app to its limits", async () => {
    const output = await host.run(
      `rkt run --net=none ${busybox} --memory=32M --cpu=500m --exec=/bin/sh -- -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d" " -f1 /sys/fs/cgroup/cpu.max'`,
    );
    assert.deepEqual(output.split("\n"), ["31997952", "50000"]);
  });

  it("gives a command that enters no more than the app has", async () => {
    const show =
      "grep -E '^(Cap|NoNewPrivs|Seccomp|Uid|Gid|Groups)' /proc/self/status; cat /proc/self/cgroup; for each in net ipc uts pid mnt; do readlink /proc/self/ns/$each; done";
    const uuid = await startInBackground("entered", `(${show}) >/tmp/own; sleep 1000`);
    const own = await host.run(`rkt enter ${uuid} /bin/cat /tmp/own`);
    const entered = await host.run(`rkt enter ${uuid} /bin/sh -c ${quoted(show)}`);
    assert.equal(entered, own);
    assert.match(own, /CapEff:\t00000000a80425fb/);
    assert.match(own, /Seccomp:\t2/);
  });

  it("shows a pod of systemd's in systemctl, journalctl and machinectl", async () => {
    const uuid = await startInBackground("shown", "echo hello from the pod; sleep 1000");
    assert.match(await host.run("systemctl status shown | cat"), /active \(running\)[\s\S]*app-busybox/);
    await eventually(
      "the app's line in the journal",
      async () => {
        assert.match(await host.run("journalctl --unit=shown --output=cat"), /hello from the pod/);
      },
      { seconds: 10 },
    );
    assert.match(await host.run("machinectl list"), new RegExp(`rkt-${uuid} +container +rkt`));
    assert.match(await host.run("rkt list"), new RegExp(`${uuid.slice(0, 8)}.*running`));
    await host.run(`rkt stop ${uuid}`);
    await host.run(`rkt status --wait=20s ${uuid} | grep -q state=exited`);
    assert.equal((await host.attempt(`rkt rm ${uuid}`)).code, 0);
    assert.equal(await host.run("rkt list --no-legend"), "");
  });

  it("ends an app that will not end, however many of its children come and go meanwhile", async () => {
    const uuid = await startInBackground(
      "stubborn",
      'trap "" TERM; while :; do (sleep 0.2 &); sleep 0.1; done',
    );
    await host.run(`rkt stop ${uuid}`);
    await host.run(`rkt status --wait=20s ${uuid} | grep -q state=exited`);
    assert.equal((await host.attempt(`rkt rm ${uuid}`)).code, 0);
  });

  it("prepares a pod now and runs it later, once", async () => {
    const uuid = await host.run(`rkt prepare --quiet ${busybox} --exec=/bin/sh -- -c 'exit 4' 2>/dev/null`);
    assert.match(await host.run("rkt list"), /prepared/);
    assert.equal((await host.attempt(`rkt run-prepared --net=none ${uuid}`)).code, 4);
    const again = await host.attempt(`rkt run-prepared --net=none ${uuid}`);
    assert.equal(again.code, 254);
    assert.match(again.stderr, /is not prepared/);
  });

  it("exports what an app has changed as an image that runs", async () => {
    const uuid = await host.run(
      `rkt run --net=none --uuid-file-save=/tmp/exported.uuid ${busybox} --exec=/bin/sh -- -c 'echo changed >/data/file'; cat /tmp/exported.uuid`,
    );
    await host.run(`rm -f /tmp/exported.aci; rkt export ${uuid} /tmp/exported.aci`);
    const output = await host.run(
      "rkt --insecure-options=image run --net=none /tmp/exported.aci --exec=/bin/cat -- /data/file 2>/dev/null",
    );
    assert.equal(output, "changed");
  });

  it("gives a terminal to an app that is typed to, until Ctrl-] was typed three times", async () => {
    const typed = await host.attempt(
      `printf 'tty\\nexit 5\\n' | rkt run --net=none --interactive ${busybox} --exec=/bin/sh`,
    );
    assert.equal(typed.code, 5);
    assert.match(typed.stdout, /\/dev\/pts\/0/);
  });

  it("adds, starts, stops and removes apps of a pod that runs", async () => {
    await host.run(
      "systemd-run --quiet --collect --unit=sandbox --setenv=RKT_EXPERIMENT_APP=true --property=Delegate=yes rkt app sandbox --net=none --uuid-file-save=/run/sandbox.uuid",
    );
    const uuid = await eventually(
      "the sandbox",
      async () => {
        const found = await host.run("cat /run/sandbox.uuid");
        await host.run(`rkt status --wait-ready=20s ${found} | grep -q state=running`);
        return found;
      },
      { seconds: 30 },
    );
    const app = (words: string): string => `RKT_EXPERIMENT_APP=true rkt app ${words}`;
    await host.run(
      app(`add ${uuid} ${busybox} --name=web --exec=/bin/sh -- -c 'echo started; exec sleep 1000'`),
    );
    assert.equal(await host.run(app(`list --no-legend ${uuid}`)), "web\tcreated");
    await host.run(app(`start ${uuid} --app=web`));
    assert.equal(await host.run(app(`list --no-legend ${uuid}`)), "web\trunning");
    assert.equal(await host.run(app(`exec --app=web ${uuid} /bin/hostname`)), `rkt-${uuid}`);
    await eventually(
      "the app's line in the journal of the pod",
      async () => {
        assert.match(await host.run("journalctl --unit=sandbox --output=cat"), /^started$/m);
      },
      { seconds: 10 },
    );
    await host.run(app(`stop ${uuid} --app=web`));
    assert.match(await host.run(app(`status ${uuid} --app=web`)), /state=exited[\s\S]*exit_code=\d+/);
    await host.run(app(`rm ${uuid} --app=web`));
    assert.equal(await host.run(app(`list --no-legend ${uuid}`)), "");
    assert.match(await host.run(`rkt status ${uuid}`), /state=running/);
    const immutable = await host.attempt(
      `rkt prepare --quiet ${busybox} 2>/dev/null | { read -r made; ${app(`add $made ${busybox}`)}; }`,
    );
    assert.equal(immutable.code, 254);
  });

  it("runs a pod on the default network, whose port the host forwards", async () => {
    await host.run(
      `systemd-run --quiet --collect --unit=web --property=Delegate=yes rkt run --port=web:8081 ${busybox} --exec=/bin/sh -- -c 'mkdir -p /www; echo served >/www/index.html; exec httpd -f -p 8080 -h /www'`,
    );
    await eventually(
      "the pod's page",
      async () => {
        assert.equal(
          await host.run(
            "bash -c 'exec 3<>/dev/tcp/127.0.0.1/8081; printf \"GET / HTTP/1.0\\r\\n\\r\\n\" >&3; tail -1 <&3'",
          ),
          "served",
        );
      },
      { seconds: 20 },
    );
    assert.match(await host.run("rkt list"), /default:ip4=172\.16\.28\.\d+/);
    await host.run("systemctl stop web; rkt gc --grace-period=0s >/dev/null 2>&1");
    assert.equal(
      await host.run("ls /run/netns; ls /var/lib/cni/networks/default 2>/dev/null | grep 172 || true"),
      "",
    );
  });

  it(`loses no running pod and leaks nothing when commands are killed (${KILLS} kills, seed ${SEED})`, async () => {
    const chance = new Chance(SEED);
    const survivor = await startInBackground("survivor", "sleep 100000");
    const before = await traces(host);
    for (let kill = 0; kill < KILLS; kill += 1) await killSomeCommand(host, chance);
    await nothingLeft(host, survivor, before);
  });
});
