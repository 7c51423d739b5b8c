/**
 * The engine on the machine that users really have: Debian 13 with a kernel of its own, cgroup v2 alone and all
 * capabilities. Where KVM does not work it is emulated, a dozen times slower. What a person sees by rkt is compared with
 * what the kernel says.
 */
import assert from "node:assert/strict";
import { quoted } from "../../lab/shell-words.ts";
import { eventually } from "../support/await.ts";
import { busybox, EngineHost } from "../support/engine-host.ts";
import {
  runWith,
  sleeper,
  startAsService,
  startFromShell,
  stopAndCollect,
  walk,
  walkedFlavours,
  type WalkedFlavour,
} from "../support/flavour-walk.ts";
import { traces } from "../support/killed-commands.ts";
import { saidBy } from "../support/process.ts";

const pace = { seconds: 300 };

/** What a process may do, as the kernel says it. What is inheritable is left out: an entering command has none of it. */
const restrictions =
  "grep -E '^(Uid|Gid|Groups|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|Seccomp_filters):' /proc/self/status; cat /proc/self/cgroup; for each in mnt net ipc uts pid cgroup user; do readlink /proc/self/ns/$each; done; readlink /proc/self/cwd";

/** Where each flavour's app is counted when a shell starts the pod. */
const scopes: Readonly<Record<Exclude<WalkedFlavour, "fly">, RegExp>> = {
  oci: /^\/machine\.slice\/machine-rkt\\x2d[^/]+\.scope\/app-busybox$/,
  host: /^\/machine\.slice\/machine-rkt\\x2d[^/]+\.scope\/payload\/system\.slice\/busybox\.service$/,
};

describe("the engine on cgroup v2 with a kernel of its own", function () {
  this.timeout(1_200_000);
  let host: EngineHost;

  before(async () => {
    host = await EngineHost.make("engine-cgroup2", "trixie", "kvm");
  });

  after(async () => {
    await host.remove();
  });

  afterEach(async () => {
    await host.run(
      "systemctl stop 'walk-*' 2>/dev/null; rkt gc --grace-period=0s --expire-prepared=0s >/dev/null 2>&1; true",
    );
  });

  it("has nothing but cgroup v2, and all capabilities", async () => {
    assert.equal(await host.run("stat -f -c %T /sys/fs/cgroup; grep -c cgroup /proc/mounts"), "cgroup2fs\n1");
    assert.match(await host.run("grep CapEff /proc/self/status"), /CapEff:\t000001ffffffffff/);
  });

  for (const flavour of walkedFlavours) {
    describe(`under ${flavour}`, () => {
      walk(flavour, () => host, pace);

      it("lets a command that enters do no more than the app's first process", async () => {
        const look = `(${restrictions}) >/data/own; sleep 3580`;
        const image =
          "--user=worker --group=workers --working-dir=/data --caps-retain=CAP_KILL,CAP_CHOWN --mount=volume=own,target=/data";
        const flags = "--net=host --volume=own,kind=empty,mode=0777";
        const { uuid } = await startAsService(host, flavour, look, pace, flags, image);
        await sleeper(host, 3580, pace);
        const own = await host.run(`rkt enter ${uuid} /bin/cat /data/own`);
        assert.equal(await host.run(`rkt enter ${uuid} /bin/sh -c ${quoted(restrictions)}`), own);
        assert.match(own, /^Uid:\t1000\t1000\t1000\t1000$/m);
        assert.match(own, /^CapBnd:\t0000000000000021$/m);
        assert.match(own, flavour === "fly" ? /^Seccomp:\t0$/m : /^Seccomp:\t2$/m);
        await stopAndCollect(host, uuid, pace);
      });

      it("is shown by systemctl, journalctl and, where it is a machine, by machinectl", async () => {
        const { uuid, unit } = await startAsService(
          host,
          flavour,
          "echo hello from the pod; exec sleep 3581",
          pace,
        );
        const pid = await sleeper(host, 3581, pace);
        assert.match(await host.run(`systemctl status ${unit} | cat`), /active \(running\)/);
        assert.match(await host.run(`cat /proc/${pid}/cgroup`), new RegExp(`${unit}\\.service`));
        await eventually(
          "the app's line in the journal",
          async () => {
            const lines = await host.run(`journalctl --unit=${unit} --output=cat`);
            assert.match(lines, /hello from the pod/);
          },
          pace,
        );
        const machines = await host.run("machinectl list");
        if (flavour === "fly") assert.doesNotMatch(machines, /rkt-/);
        else assert.match(machines, new RegExp(`rkt-${uuid} +container +rkt`));
        await stopAndCollect(host, uuid, pace);
      });

      it("leaves nothing that gc does not clear when the pod's owner is killed", async () => {
        const before = await traces(host);
        const flags = flavour === "fly" ? "" : "--net=default --port=web:8082";
        const { uuid } = await startAsService(host, flavour, "exec sleep 3582", pace, flags);
        const pid = await sleeper(host, 3582, pace);
        await host.run(`kill -9 $(cut -d' ' -f1 /var/lib/rkt/pods/run/${uuid}/owner)`);
        await eventually("the app has gone", () => host.run(`test ! -e /proc/${pid}`), pace);
        await eventually(
          "nothing is left",
          async () => {
            await host.run("rkt gc --grace-period=0s >/dev/null 2>&1");
            assert.equal(await traces(host), before);
          },
          pace,
        );
        assert.equal(await host.run("machinectl list --no-legend"), "");
      });
    });
  }

  for (const flavour of ["oci", "host"] as const) {
    describe(`under ${flavour}, which limits`, () => {
      it("counts a shell's pod in a scope of its own, with the limits that were asked for", async () => {
        const before = await traces(host);
        const file = `/run/scope-${flavour}.uuid`;
        const limits = "--memory=64Mi --cpu=250m --cpu-shares=2048 --oom-score-adj=-500";
        const flags = `--net=none --uuid-file-save=${file}`;
        const command = runWith(flavour, "exec sleep 3583", flags, limits);
        const uuid = await startFromShell(host, command, file, pace);
        const pid = await sleeper(host, 3583, pace);
        assert.doesNotMatch(await host.run(`cat ${file}.log`), /warning/);
        const cgroup = await host.run(`sed -n s/^0:://p /proc/${pid}/cgroup`);
        assert.match(cgroup, scopes[flavour]);
        const [memory, cpu, weight, adjustment] = (
          await host.run(
            `cd ${quoted(`/sys/fs/cgroup${cgroup}`)} && cat memory.max cpu.max cpu.weight /proc/${pid}/oom_score_adj`,
          )
        ).split("\n");
        assert.deepEqual([memory, cpu, adjustment], ["67108864", "25000 100000", "-500"]);
        assert.ok(Number(weight) > 0 && Number(weight) !== 100, `cpu.weight is ${weight ?? ""}`);
        assert.match(
          await host.run(`systemctl status ${quoted(cgroup.split("/")[2] ?? "")} | cat`),
          new RegExp(`active \\(running\\)`),
        );
        await stopAndCollect(host, uuid, pace);
        assert.equal(await traces(host), before);
      });

      it("ends an app that uses more memory than it may, with the code of SIGKILL, and nothing beside it", async () => {
        const greedy = `rkt run --stage1-name=coreos.com/rkt/stage1-${flavour} --net=none ${busybox} --memory=64Mi --exec=/bin/dd -- if=/dev/zero of=/dev/null bs=200M count=1`;
        const ended = await host.attempt(greedy);
        assert.equal(ended.code, 137, saidBy(ended));
        if (flavour === "host") {
          assert.match(saidBy(ended), /app "busybox": ended by the kernel, since it has used up its memory/);
        }
        const modest = greedy.replace("bs=200M", "bs=8M");
        assert.equal((await host.attempt(modest)).code, 0);
      });

      it("serves a port on the default network", async () => {
        const before = await traces(host);
        const { uuid } = await startAsService(
          host,
          flavour,
          "mkdir -p /www; echo served >/www/index.html; exec httpd -f -p 8080 -h /www",
          pace,
          "--port=web:8081",
        );
        await eventually(
          "the pod's page",
          async () => {
            assert.equal(await host.run("curl --silent --show-error http://127.0.0.1:8081/"), "served");
          },
          pace,
        );
        assert.match(await host.run("rkt list"), /default:ip4=172\.16\.28\.\d+/);
        await stopAndCollect(host, uuid, pace);
        assert.equal(await traces(host), before);
      });
    });
  }

  it("leaves the limits of an app under fly to the unit that it runs in", async () => {
    const greedy = `rkt run --stage1-name=coreos.com/rkt/stage1-fly ${busybox} --exec=/bin/dd -- if=/dev/zero of=/dev/null bs=400M count=1`;
    const unit = "systemd-run --quiet --wait --collect --unit=walk-limited --property=MemoryMax=256M";
    assert.notEqual((await host.attempt(`${unit} ${greedy}`)).code, 0);
    assert.match(
      await host.run("journalctl --unit=walk-limited --output=cat"),
      /Failed with result 'oom-kill'/,
    );
    assert.equal((await host.attempt(`${unit} ${greedy.replace("bs=400M", "bs=8M")}`)).code, 0);
  });
});
