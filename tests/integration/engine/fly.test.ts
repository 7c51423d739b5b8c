/** The fly flavour on a lab host, driven without the rest of the engine. */
import assert from "node:assert/strict";
import { eventually } from "../../support/await.ts";
import { saidBy, succeeded } from "../../support/process.ts";
import { Stage1Host } from "./stage1-host.ts";

/** What a process may do, as the kernel says it. */
const restrictions = `grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Seccomp_filters):' /proc/self/status; cut -d: -f2- /proc/self/cgroup`;

for (const release of ["trixie", "bookworm"] as const) {
  describe(`the fly flavour on ${release}`, function () {
    this.timeout(180_000);
    let host: Stage1Host;

    before(async () => {
      host = await Stage1Host.make(`test-fly-${release}`, release);
    });
    after(async () => {
      await host.remove();
    });

    async function output(app: object, more: object = {}): Promise<string> {
      const pod = { ...more, apps: [{ name: "app", exec: ["true"], ...app }] };
      return succeeded(await host.run("fly", host.newPod(), pod), "the pod");
    }

    it("runs the app as its user, in its folder, with its environment alone", async () => {
      const text = await output({
        exec: ["sh", "-c", "id; pwd; env"],
        user: "worker",
        group: "workers",
        supplementaryGIDs: [5, 6],
        workingDirectory: "/data",
        environment: [{ name: "SAYS", value: "two words" }],
      });
      assert.match(text, /^uid=1000\(worker\) gid=1001\(workers\) groups=5,6,1001\(workers\)$/m);
      assert.match(text, /^\/data$/m);
      assert.match(text, /^SAYS=two words$/m);
      assert.match(text, /^AC_APP_NAME=app$/m);
      assert.doesNotMatch(text, /RKT_LIBRARY|SSH_/);
    });

    it("ends with the app's exit code", async () => {
      const ended = await host.run("fly", host.newPod(), {
        apps: [{ name: "app", exec: ["sh", "-c", "exit 7"] }],
      });
      assert.equal(ended.code, 7, saidBy(ended));
    });

    it("keeps the process number of the command that started it, and the host's processes and network", async () => {
      const folder = host.newPod();
      const ended = await host.run("fly", folder, {
        apps: [
          {
            name: "app",
            exec: ["sh", "-c", "echo $$; readlink /proc/self/ns/net; readlink /proc/self/ns/pid"],
          },
        ],
      });
      const [pid, net, pids] = succeeded(ended, "the pod").trim().split("\n");
      assert.equal(await host.lab.run(`cat ${folder}/pid`), pid);
      assert.equal(
        await host.lab.run("readlink /proc/self/ns/net /proc/self/ns/pid"),
        `${net ?? ""}\n${pids ?? ""}`,
      );
    });

    it("refuses a pod of two apps in rkt's words", async () => {
      const ended = await host.run("fly", host.newPod(), {
        apps: [
          { name: "one", exec: ["true"] },
          { name: "two", exec: ["true"] },
        ],
      });
      assert.equal(ended.code, 254);
      assert.match(ended.stderr, /fly only supports 1 application per Pod for now/);
    });

    it("binds capabilities and forbids new privileges where the app asks for it, and not otherwise", async () => {
      const asked = await output({
        exec: ["grep", "-E", "CapBnd|CapEff|NoNewPrivs", "/proc/self/status"],
        isolators: [
          {
            name: "os/linux/capabilities-retain-set",
            value: { set: ["CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT"] },
          },
          { name: "os/linux/no-new-privileges", value: true },
        ],
      });
      assert.equal(asked, "CapEff:\t0000000000040400\nCapBnd:\t0000000000040400\nNoNewPrivs:\t1\n");
      const free = await output({ exec: ["grep", "CapBnd", "/proc/self/status"] });
      assert.equal(free.trim(), await host.lab.run("grep CapBnd /proc/self/status"));
    });

    it("mounts a read-only volume with everything below it read-only", async () => {
      await host.lab.run(
        "mkdir -p /opt/vol/inner; mountpoint -q /opt/vol/inner || mount -t tmpfs none /opt/vol/inner; touch /opt/vol/here /opt/vol/inner/deep",
      );
      const text = await output(
        {
          exec: [
            "sh",
            "-c",
            "ls /in /in/inner; touch /in/x || echo refused; touch /in/inner/x || echo refused",
          ],
          mounts: [{ volume: "in", path: "/in" }],
        },
        { volumes: [{ name: "in", kind: "host", source: "/opt/vol", readOnly: true, recursive: true }] },
      );
      assert.match(text, /here[^]*deep[^]*refused\nrefused/);
    });

    it("follows no link of the image out to the host", async () => {
      await host.lab.run("mkdir -p /opt/vol2; echo inside >/opt/vol2/file; rm -rf /somewhere");
      const text = await output(
        { exec: ["cat", "/astray/file"], mounts: [{ volume: "in", path: "/astray" }] },
        { volumes: [{ name: "in", kind: "host", source: "/opt/vol2", readOnly: false, recursive: false }] },
      );
      assert.equal(text, "inside\n");
      await host.lab.run("test ! -e /somewhere");
    });

    it("lets what the app mounts in a mount point of the host reach the host, and nothing else", async () => {
      await host.lab.run(
        "mkdir -p /opt/shared; mountpoint -q /opt/shared || mount -t tmpfs none /opt/shared; mkdir -p /opt/shared/inner",
      );
      await output(
        {
          exec: ["sh", "-c", "mount -t tmpfs out /shared/inner && mkdir /own && mount -t tmpfs kept /own"],
          mounts: [{ volume: "shared", path: "/shared" }],
        },
        {
          volumes: [
            { name: "shared", kind: "host", source: "/opt/shared", readOnly: false, recursive: true },
          ],
        },
      );
      const mounts = await host.lab.run("cat /proc/mounts");
      assert.match(mounts, /^out \/opt\/shared\/inner tmpfs/m);
      assert.doesNotMatch(mounts, /^kept |\/stage2\/app\/rootfs/m);
      await host.lab.run("umount /opt/shared/inner");
    });

    it("leaves no mount behind when it is killed", async () => {
      const folder = host.newPod();
      const unit = await host.start("fly", folder, { apps: [{ name: "app", exec: ["sleep", "1000"] }] });
      await eventually("the app runs", () => host.lab.run(`test -s ${folder}/pid`), { seconds: 30 });
      succeeded(await host.stop("fly", folder, true), "stop --force");
      await eventually("the pod is gone", () => host.lab.run(`! systemctl is-active -q ${unit}`), {
        seconds: 30,
      });
      assert.doesNotMatch(await host.lab.run("cat /proc/mounts"), /stage2/);
    });

    it("lets a command that enters do no more than the app's first process", async () => {
      const folder = host.newPod();
      await host.start("fly", folder, {
        apps: [
          {
            name: "app",
            exec: ["sh", "-c", `(${restrictions}) >/data/first; exec sleep 1000`],
            user: "worker",
            group: "workers",
            supplementaryGIDs: [7],
            workingDirectory: "/data",
            mounts: [{ volume: "data", path: "/data" }],
            environment: [{ name: "SAYS", value: "hello" }],
            isolators: [
              {
                name: "os/linux/capabilities-retain-set",
                value: { set: ["CAP_KILL", "CAP_SYS_CHROOT", "CAP_SETUID", "CAP_SETGID"] },
              },
              { name: "os/linux/no-new-privileges", value: true },
            ],
          },
        ],
        volumes: [{ name: "data", kind: "empty", readOnly: false, mode: "0777", uid: 0, gid: 0 }],
      });
      const first = await eventually(
        "the app's own look",
        () => host.lab.run(`test -s ${folder}/pid && cat ${folder}/sharedVolumes/data/first`),
        { seconds: 30 },
      );
      assert.match(first, /^Uid:\t1000/m);
      const entered = await host.enter("fly", folder, "app", ["sh", "-c", restrictions]);
      assert.equal(succeeded(entered, "enter").trimEnd(), first);
      const where = await host.enter("fly", folder, "app", ["sh", "-c", "pwd; echo $SAYS"]);
      assert.equal(succeeded(where, "enter"), "/data\nhello\n");
      succeeded(await host.stop("fly", folder), "stop");
    });
  });
}
