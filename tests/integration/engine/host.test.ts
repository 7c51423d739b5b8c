/** The host flavour on lab hosts of both releases, driven without the rest of the engine. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { eventually } from "../../support/await.ts";
import { saidBy, succeeded } from "../../support/process.ts";
import { Stage1Host, tree } from "./stage1-host.ts";

/** What a process may do, as the kernel says it. What is inheritable is left out: an entering command has none of it. */
const restrictions = `grep -E '^(Uid|Gid|Groups|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|Seccomp_filters):' /proc/self/status; cut -d: -f2- /proc/self/cgroup; for each in mnt net ipc uts pid cgroup; do readlink /proc/self/ns/$each; done`;

/** systemd-nspawn says this where cgroup v1 is as a lab host has it: each hierarchy mounted for itself. */
const quirk = "Failed to create symlink /sys/fs/cgroup/";

for (const release of ["trixie", "bookworm"] as const) {
  describe(`the host flavour on ${release}`, function () {
    this.timeout(300_000);
    let host: Stage1Host;

    before(async () => {
      host = await Stage1Host.make(`test-host-${release}`, release);
    });
    after(async () => {
      await host.remove();
    });

    it("says that systemd-nspawn is missing where it is", async () => {
      const ended = await host.run("host", host.newPod(), { apps: [{ name: "app", exec: ["true"] }] });
      assert.equal(ended.code, 254);
      assert.match(ended.stderr, /cannot get environment: unable to find "systemd-nspawn" in "\//);
      await host.addPackages("systemd-container");
    });

    it("runs an app as its user, in its folder, with its environment alone, and ends with its exit code", async () => {
      const folder = host.newPod();
      const ended = await host.run("host", folder, {
        apps: [
          {
            name: "app",
            exec: ["sh", "-c", 'id; pwd; env | sort; echo "$0 100%"; exit 7', "a \"b\" $HOME 'c' \\d %n"],
            user: "worker",
            group: "workers",
            supplementaryGIDs: [5, 6],
            workingDirectory: "/data",
            environment: [{ name: "SAYS", value: 'two "words" 50% $HOME' }],
          },
        ],
      });
      assert.equal(ended.code, 7, saidBy(ended));
      assert.equal(await host.lab.run(`cat ${folder}/stage1/rootfs/rkt/status/app`), "7");
      const lines = ended.stdout
        .replaceAll("\r", "")
        .trim()
        .split("\n")
        .filter((line) => !line.startsWith(quirk));
      assert.equal(lines[0], "uid=1000(worker) gid=1001(workers) groups=5,6,1001(workers)");
      assert.equal(lines[1], "/data");
      assert.equal(lines.at(-1), "a \"b\" $HOME 'c' \\d %n 100%");
      assert.deepEqual(
        lines.slice(2, -1).map((line) => line.split("=")[0]),
        ["AC_APP_NAME", "HOME", "LOGNAME", "PATH", "PWD", "SAYS", "SHELL", "SHLVL", "USER", "container"],
      );
      assert.ok(lines.includes('SAYS=two "words" 50% $HOME'), ended.stdout);
    });

    it("ends the pod with the first failing app's code, and stops the others in order", async () => {
      const folder = host.newPod();
      const ended = await host.run("host", folder, {
        apps: [
          { name: "lasting", exec: ["sh", "-c", "trap 'exit 3' TERM; sleep 1000 & wait"] },
          { name: "failing", exec: ["sh", "-c", "sleep 1; exit 9"] },
        ],
      });
      assert.equal(ended.code, 9, saidBy(ended));
      const statuses = await host.lab.run(`cd ${folder}/stage1/rootfs/rkt/status && grep -H . *`);
      assert.equal(statuses, "failing:9\nlasting:3");
    });

    it("ends with code 0 when every app has ended, not before", async () => {
      const folder = host.newPod();
      const ended = await host.run("host", folder, {
        apps: [
          { name: "quick", exec: ["true"] },
          { name: "slow", exec: ["sh", "-c", "sleep 1; echo over"] },
        ],
      });
      assert.equal(ended.code, 0, saidBy(ended));
      assert.match(ended.stdout, /over/);
    });

    it("is shown by machinectl, and by systemctl as the service that it runs in", async () => {
      const folder = host.newPod();
      const unit = await host.start("host", folder, {
        apps: [{ name: "app", exec: ["sh", "-c", "echo talks; exec sleep 1000"] }],
      });
      const machine = `rkt-${basename(folder)}`;
      await eventually("machinectl shows it", () => host.lab.run(`machinectl list | grep ${machine}`), {
        seconds: 30,
      });
      await eventually(
        "its output is in the journal",
        () => host.lab.run(`journalctl -u ${unit} | grep talks`),
        {
          seconds: 30,
        },
      );
      succeeded(await host.stop("host", folder), "stop");
      await eventually("the unit has ended", () => host.lab.run(`! systemctl is-active -q ${unit}`), {
        seconds: 30,
      });
      assert.doesNotMatch(await host.lab.run("cat /proc/mounts; machinectl list"), /stage2|rkt-/);
    });

    it("sets limits of memory and processor that the kernel knows of", async () => {
      const folder = host.newPod();
      await host.start("host", folder, {
        apps: [
          {
            name: "app",
            exec: ["sleep", "1000"],
            isolators: [
              { name: "resource/memory", value: { limit: "64Mi" } },
              { name: "resource/cpu", value: { limit: "250m" } },
            ],
          },
        ],
      });
      const limits = await eventually(
        "the limits are there",
        () =>
          host.lab.run(
            `set -e; pid=$(pgrep -nx sleep); test "$(cat /proc/$pid/root/etc/group | head -1)" = root:x:0:
memory=$(sed -n 's/^[0-9]*:memory://p' /proc/$pid/cgroup); cpu=$(sed -n 's/^[0-9]*:cpu://p' /proc/$pid/cgroup)
case $memory in */app.service) ;; *) exit 1;; esac
cat /sys/fs/cgroup/memory$memory/memory.limit_in_bytes /sys/fs/cgroup/cpu$cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu$cpu/cpu.cfs_period_us`,
          ),
        { seconds: 30 },
      );
      assert.equal(limits, "67108864\n25000\n100000");
      succeeded(await host.stop("host", folder, true), "stop --force");
    });

    for (const [who, user, group] of [
      ["root", "0", "0"],
      ["a user", "worker", "workers"],
    ] as const) {
      it(`lets a command that enters do no more than the first process of ${who}`, async () => {
        const folder = host.newPod();
        const unit = await host.start("host", folder, {
          volumes: [{ name: "data", kind: "empty", readOnly: false, mode: "0777", uid: 0, gid: 0 }],
          apps: [
            {
              name: "app",
              exec: [
                "sh",
                "-c",
                `(${restrictions}) >/data/first.new; mv /data/first.new /data/first; exec sleep 1000`,
              ],
              user,
              group,
              supplementaryGIDs: [7],
              workingDirectory: "/data",
              mounts: [{ volume: "data", path: "/data" }],
              environment: [{ name: "SAYS", value: "hello" }],
              isolators: [
                { name: "os/linux/capabilities-retain-set", value: { set: ["CAP_KILL", "CAP_CHOWN"] } },
              ],
            },
          ],
        });
        const first = await eventually(
          "the app's own look",
          () => host.lab.run(`cat ${folder}/sharedVolumes/data/first`),
          { seconds: 30 },
        );
        assert.match(first, /^Seccomp:\t2$/m);
        assert.match(first, /^CapBnd:\t0000000000000021$/m);
        const entered = await host.enter("host", folder, "app", ["sh", "-c", restrictions]);
        assert.equal(succeeded(entered, "enter").trimEnd(), first);
        const where = await host.enter("host", folder, "app", ["sh", "-c", "pwd; echo $SAYS"]);
        assert.equal(succeeded(where, "enter"), "/data\nhello\n");
        const refused = await host.enter("host", folder, "app", ["unshare", "--mount", "true"]);
        assert.match(refused.stderr, /Operation not permitted/);
        succeeded(await host.stop("host", folder, true), "stop --force");
        await eventually("the unit has ended", () => host.lab.run(`! systemctl is-active -q ${unit}`), {
          seconds: 30,
        });
      });
    }

    it("gives a pod the network namespace that was made for it", async () => {
      await host.lab.run("ip netns add made 2>/dev/null || true; ip -n made link set lo up");
      const ended = await host.run("host", host.newPod(), {
        apps: [{ name: "app", exec: ["sh", "-c", "cat /proc/net/dev | wc -l"] }],
        network: { kind: "own", path: "/run/netns/made", attached: [] },
      });
      assert.equal(ended.code, 0, saidBy(ended));
      const inside = await host.lab.run("ip netns exec made cat /proc/net/dev | wc -l");
      assert.equal(ended.stdout.trim().split("\n").at(-1), inside);
    });

    it("maps the pod's users to those that it was given", async () => {
      const folder = host.newPod();
      const root = `${folder}/stage1/rootfs/opt/stage2/app/rootfs`;
      await host.lab.run(
        `mkdir -p ${root}; cp -a ${tree}/. ${root}/; chown -R 200000:200000 ${folder}/stage1`,
      );
      const ended = await host.run("host", folder, {
        apps: [
          {
            name: "app",
            exec: ["sh", "-c", "id -u; cat /proc/self/uid_map; exit 6"],
            user: "worker",
            group: "workers",
          },
        ],
        copied: true,
        userNamespace: { first: 200_000, count: 65_536 },
      });
      assert.equal(ended.code, 6, saidBy(ended));
      assert.match(ended.stdout, /^1000\r?\n\s+0\s+200000\s+65536\r?$/m);
      assert.equal(await host.lab.run(`cat ${folder}/stage1/rootfs/rkt/status/app`), "6");
    });

    it("leaves nothing behind when it is killed", async () => {
      const folder = host.newPod();
      const unit = await host.start("host", folder, { apps: [{ name: "app", exec: ["sleep", "1357"] }] });
      const app = await eventually("the app runs", () => host.lab.run("pgrep -f '/sleep 1357$'"), {
        seconds: 30,
      });
      await host.lab.run(`kill -9 $(cat ${folder}/ppid)`);
      await eventually("nothing of it is left", () => host.lab.run(`test ! -e /proc/${app}`), {
        seconds: 30,
      });
      await eventually("the unit has ended", () => host.lab.run(`! systemctl is-active -q ${unit}`), {
        seconds: 30,
      });
      assert.doesNotMatch(await host.lab.run("cat /proc/mounts"), /stage2/);
    });
  });
}
