/** The kvm flavour on a lab host, where QEMU most often has to do without KVM: few pods, and patience. */
import assert from "node:assert/strict";
import { eventually } from "../../support/await.ts";
import type { Finished } from "../../../commands/program.ts";
import { quoted } from "../../../lab/shell-words.ts";
import { stage1Image } from "../../../stage1/kvm/image.ts";
import { saidBy, succeeded } from "../../support/process.ts";
import { Stage1Host } from "./stage1-host.ts";

/** What a process may do, as the kernel says it. What is inheritable is left out: an entering command has none of it. */
const restrictions =
  "grep -E '^(Uid|Gid|Groups|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status; cat /proc/self/cgroup; for each in mnt net ipc uts pid cgroup user; do readlink /proc/self/ns/$each; done; readlink /proc/self/root; ls /proc/self/fd | tr '\\n' ' '; pwd; echo $SAYS";

const alone = { kind: "own", path: "/run/netns/alone", attached: [] } as const;

describe("the kvm flavour", function () {
  this.timeout(600_000);
  let host: Stage1Host;

  before(async () => {
    host = await Stage1Host.make("test-kvm", "trixie");
    await host.addPackages(
      ...["qemu-system-x86", "virtiofsd", "linux-image-cloud-amd64", "busybox-static", "kmod", "xz-utils"],
    );
    await host.lab.run("ip netns add alone");
  });
  after(async () => {
    await host.remove();
  });

  it("asks for a network of the pod's own in rkt's words", async () => {
    const ended = await host.run("kvm", host.newPod(), { apps: [{ name: "app", exec: ["true"] }] });
    assert.equal(ended.code, 254);
    assert.match(ended.stderr, /flavor kvm requires private network configuration \(try --net\)/);
  });

  it("runs apps on a kernel of their own, with their users and volumes, and ends with the failing one's code", async () => {
    const folder = host.newPod();
    const ended = await host.run("kvm", folder, {
      network: alone,
      hostname: "inside",
      volumes: [{ name: "data", kind: "empty", readOnly: false, mode: "0777", uid: 0, gid: 0 }],
      apps: [
        { name: "lasting", exec: ["sh", "-c", "trap 'exit 3' TERM; sleep 1000 & wait"] },
        {
          name: "app",
          exec: [
            "sh",
            "-c",
            "uname -r; hostname; id -u; pwd; grep CapBnd /proc/self/status; touch /data/made; exit 7",
          ],
          user: "worker",
          group: "workers",
          workingDirectory: "/data",
          mounts: [{ volume: "data", path: "/data" }],
        },
      ],
    });
    assert.equal(ended.code, 7, saidBy(ended));
    const [kernel, ...rest] = ended.stdout.trim().split("\n");
    assert.match(kernel ?? "", /-cloud-/);
    assert.notEqual(kernel, await host.lab.run("uname -r"));
    assert.deepEqual(rest, ["inside", "1000", "/data", "CapBnd:\t00000000a80425fb"]);
    assert.equal(await host.lab.run(`stat -c '%u %g' ${folder}/sharedVolumes/data/made`), "1000 1001");
    const statuses = await host.lab.run(`cd ${folder}/stage1/rootfs/rkt/status && grep -H . *`);
    assert.equal(statuses, "app:7\nlasting:3");
  });

  it("takes over the address that the pod's network gave", async () => {
    await host.lab.run(
      `ip netns add wired && ip link add out type veth peer name eth0 netns wired
ip addr add 10.99.0.1/24 dev out; ip link set out up
ip -n wired addr add 10.99.0.2/24 dev eth0; ip -n wired link set eth0 up; ip -n wired route add default via 10.99.0.1`,
    );
    const attached = [
      {
        netName: "made",
        netConf: "",
        pluginPath: "",
        ifName: "eth0",
        ip: "10.99.0.2",
        args: "",
        mask: "255.255.255.0",
      },
    ];
    const ended = await host.run("kvm", host.newPod(), {
      network: { kind: "own", path: "/run/netns/wired", attached },
      apps: [
        { name: "app", exec: ["sh", "-c", "ip -4 addr show eth0; ip route; ping -c 1 -W 20 10.99.0.1"] },
      ],
    });
    assert.equal(ended.code, 0, saidBy(ended));
    assert.match(
      ended.stdout,
      /inet 10\.99\.0\.2\/24[^]*default via 10\.99\.0\.1[^]*1 packets received/,
      saidBy(ended),
    );
  });

  it("ends in order when it is told to, and leaves nothing when it is killed", async () => {
    const folder = host.newPod();
    const app = { name: "app", exec: ["sh", "-c", "trap 'exit 4' TERM; touch /up; sleep 1000 & wait"] };
    const up = (pod: string): Promise<string> => host.lab.run(`test -e ${pod}/overlay/app/upper/up`);
    await host.start("kvm", folder, { network: alone, apps: [app] });
    await eventually("the app runs", () => up(folder), { seconds: 200 });
    succeeded(await host.stop("kvm", folder), "stop");
    const status = await eventually(
      "the app's code is there",
      () => host.lab.run(`cat ${folder}/stage1/rootfs/rkt/status/app && ! pgrep qemu`),
      { seconds: 100 },
    );
    assert.equal(status, "4");

    const other = host.newPod();
    await host.start("kvm", other, { network: alone, apps: [app] });
    await eventually("the machine runs", () => host.lab.run(`test -s ${other}/pid`), { seconds: 100 });
    succeeded(await host.stop("kvm", other, true), "stop --force");
    await eventually("nothing of it is left", () => host.lab.run("! pgrep 'qemu|virtiofsd'"), {
      seconds: 60,
    });
    assert.doesNotMatch(await host.lab.run("cat /proc/mounts"), /stage2/);
  });

  describe("while a pod runs", () => {
    let folder: string;
    const enter = (command: string): Promise<Finished> =>
      host.enter("kvm", folder, "app", ["sh", "-c", command]);
    /** By the entry point that the image publishes, in a shell that becomes it. */
    const enterScript = (command: string): string =>
      `cd ${folder} && exec sh ./enter --appname=app -- sh -c ${quoted(command)}`;

    before(async () => {
      folder = host.newPod();
      const app = {
        name: "app",
        exec: [
          "sh",
          "-c",
          `(${restrictions}) >/data/first.new; mv /data/first.new /data/first; exec sleep 100000`,
        ],
        user: "worker",
        group: "workers",
        supplementaryGIDs: [7],
        workingDirectory: "/data",
        mounts: [{ volume: "data", path: "/data" }],
        environment: [{ name: "SAYS", value: "it's said" }],
        isolators: [
          { name: "os/linux/capabilities-retain-set", value: { set: ["CAP_KILL", "CAP_CHOWN"] } },
          { name: "os/linux/no-new-privileges", value: true },
          { name: "os/linux/oom-score-adj", value: -500 },
        ],
      };
      const other = { name: "other", exec: ["sleep", "100000"] };
      await host.start("kvm", folder, {
        network: alone,
        apps: [app, other],
        volumes: [{ name: "data", kind: "empty", readOnly: false, mode: "0777", uid: 0, gid: 0 }],
      });
      await eventually(
        "the pod is ready",
        () => host.lab.run(`readlink ${folder}/stage1/rootfs/rkt/supervisor-status`),
        { seconds: 300 },
      );
      const script = stage1Image().files.find(({ path }) => path === stage1Image().annotations["enter"]);
      assert.ok(script?.from.kind === "text");
      await host.lab.run(`printf %s ${quoted(script.from.text)} >${folder}/enter`);
    });

    after(async () => {
      succeeded(await host.stop("kvm", folder, true), "stop --force");
    });

    it("lets a command that enters do no more than the app's first process", async () => {
      const first = await eventually(
        "the app's own look",
        () => host.lab.run(`cat ${folder}/sharedVolumes/data/first`),
        { seconds: 100 },
      );
      assert.match(first, /^Uid:\t1000\t1000[^]*^CapBnd:\t0000000000000021$[^]*^NoNewPrivs:\t1$/m);
      assert.match(first, /\n0 1 2 3 \/data\nit's said$/);
      assert.equal(succeeded(await enter(restrictions), "enter").trimEnd(), first);
      const elsewhere = await host.enter("kvm", folder, "other", ["sh", "-c", "id -u; ls /data"]);
      assert.equal(succeeded(elsewhere, "enter"), "0\n");
      const mounting = await enter("mount -t tmpfs none /data");
      assert.match(mounting.stderr, /permission denied|Operation not permitted/i);
      const adjusted = "grep -l '^-500$' /proc/[0-9]*/oom_score_adj | wc -l";
      assert.equal(succeeded(await enter(adjusted), "enter"), "1\n");
    });

    it("gives it devices of its own, and no way to the host", async () => {
      const names = succeeded(await enter("ls /dev"), "enter")
        .trim()
        .split("\n");
      const expected = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero";
      assert.deepEqual(names, expected.split(" "));
      assert.equal(succeeded(await enter("ls /proc/self/fd"), "enter"), "0\n1\n2\n3\n");
    });

    it("hands on what is typed and said, and its exit code", async () => {
      const ended = await enter("echo out; echo err >/dev/stderr; exit 7");
      assert.equal(ended.code, 7, saidBy(ended));
      assert.equal(ended.stdout, "out\n");
      assert.equal(ended.stderr, "err\n");
      const killed = await enter("kill -9 $$");
      assert.equal(killed.code, 137);
      const much = await host.lab.run(
        `head -c 1000000 /dev/urandom >/tmp/much; sha256sum </tmp/much; (${enterScript("tee /data/much")}) </tmp/much | sha256sum`,
      );
      const [sent, got] = much.split("\n");
      assert.equal(got, sent);
      assert.equal(await host.lab.run(`sha256sum <${folder}/sharedVolumes/data/much`), sent);
    });

    it("gives it a terminal where there is one", async () => {
      const typed = `stty rows 33 columns 99; ${enterScript("tty; stty size; read -r line; echo got $line; exit 5")}`;
      const ended = await host.lab.attempt(
        `printf 'typed\\n' | script --quiet --return --command ${quoted(typed)} /dev/null`,
      );
      assert.equal(ended.code, 5, saidBy(ended));
      assert.match(ended.stdout, /\/dev\/pts\/\d+\r?\n33 99\r?\n[^]*got typed/);
    });
  });
});
