/** The kvm flavour on a lab host, where QEMU most often has to do without KVM: few pods, and patience. */
import assert from "node:assert/strict";
import { eventually } from "../../support/await.ts";
import { saidBy, succeeded } from "../../support/process.ts";
import { Stage1Host } from "./stage1-host.ts";

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
});
