import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  createNspawnHost,
  deleteHost,
  deleteNetwork,
  readHost,
  rebootHost,
  stopHost,
  type LabHost,
} from "../../../lab/hosts.ts";
import { createNetwork } from "../../../lab/network.ts";
import { leaderOf } from "../../../lab/nspawn-host.ts";
import { awaitEnd, isAlive, readKnownProcess, send, startTimeIn } from "../../../lab/process.ts";
import { labRange } from "../../support/lab-range.ts";
import { machineState, type MachineState } from "./machine.ts";
import { makeScratchLab, type ScratchLab } from "./scratch-lab.ts";

const range = await labRange(`pair-${process.pid}`);
const one = { name: "one", network: "pair", address: range.address(10), release: "trixie" } as const;
const two = { name: "two", network: "pair", address: range.address(11), release: "bookworm" } as const;

describe("hosts in systemd-nspawn", function () {
  // The first run makes the base trees.
  this.timeout(300_000);

  let lab: ScratchLab;
  let pristine: MachineState;
  let hosts: readonly [LabHost, LabHost];

  const folderOf = (name: string): string => join(lab.options.folders.state, "pair", name);
  const output = async (host: LabHost, command: string, user?: string): Promise<string> => {
    const finished = await lab.ssh(host, command, user);
    assert.equal(finished.code, 0, finished.stderr);
    return finished.stdout.trim();
  };

  before(async () => {
    lab = await makeScratchLab("pair", ["one", "two", "three"]);
    pristine = await machineState(lab.ours);
    await createNetwork({ name: "pair", subnet: range.subnet }, lab.options);
    hosts = [await createNspawnHost(one, lab.options), await createNspawnHost(two, lab.options)];
  });

  after(() => lab.remove());

  it("run the Debian they were asked for, with systemd up and nothing failed", async () => {
    assert.match(await output(hosts[0], "cat /etc/os-release"), /VERSION_CODENAME=trixie/);
    assert.match(await output(hosts[1], "cat /etc/os-release"), /VERSION_CODENAME=bookworm/);
    for (const host of hosts) {
      assert.equal(await output(host, "systemctl is-system-running --wait"), "running");
      assert.equal(await output(host, "hostname"), host.name);
      assert.equal(await output(host, "cat /proc/1/comm"), "systemd");
    }
  });

  it("show the host key that was told, and let nobody in who pins another", async () => {
    const stranger = { ...hosts[0], hostKeys: hosts[1].hostKeys };
    const finished = await lab.ssh(stranger, "true");
    assert.equal(finished.code, 255);
    assert.match(finished.stderr, /HOST IDENTIFICATION HAS CHANGED/);
  });

  it("have an administrator who is not root and may use sudo without a password", async () => {
    assert.equal(await output(hosts[0], "id -u; sudo -n id -u", "operator"), "1000\n0");
  });

  it("reach each other, resolve names, and fetch packages from the machine's sources", async () => {
    await output(hosts[0], `ping -c 1 -W 2 ${hosts[1].address}`);
    await output(hosts[0], `ping -c 1 -W 2 ${range.gateway}`);
    assert.match(await output(hosts[0], "apt-get update -q 2>&1 && apt-cache policy jq"), /Candidate: \d/);
  });

  it("offer what a kubelet and a container runtime need", async () => {
    for (const host of hosts) {
      await output(
        host,
        `set -eux
        mkdir -p /var/lib/containerd/t/l /var/lib/containerd/t/u /var/lib/containerd/t/w /var/lib/containerd/t/m
        mount -t overlay o -o lowerdir=/var/lib/containerd/t/l,upperdir=/var/lib/containerd/t/u,workdir=/var/lib/containerd/t/w /var/lib/containerd/t/m
        umount /var/lib/containerd/t/m
        ip netns add pod && ip link add veth0 type veth peer name eth0 netns pod && ip link add cni0 type bridge
        ip link set veth0 master cni0 && ip netns del pod && ip link del cni0
        nft 'add table ip t; add chain ip t c { type nat hook postrouting priority 100; }; add rule ip t c masquerade'
        nft delete table ip t
        iptables -t nat -A POSTROUTING -j MASQUERADE && iptables -t nat -F
        sysctl -w net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=0 vm.overcommit_memory=1 kernel.panic=10
        test -w /dev/kmsg && conntrack -L >/dev/null && command -v crun socat ethtool
        systemd-run --quiet --wait -p MemoryMax=64M -p CPUQuota=20% -p TasksMax=20 true`,
      );
    }
  });

  it("start a container with the runtime's systemd cgroup driver", async () => {
    const bundle = `set -eu
      mkdir -p /var/lib/t/rootfs && cd /var/lib/t && crun spec 2>/dev/null || true
      mount --bind / rootfs && trap 'umount -l /var/lib/t/rootfs' EXIT
      sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"cat", "\\/proc\\/self\\/cgroup"/' config.json
      crun --systemd-cgroup run trial`;
    for (const host of hosts) assert.match(await output(host, bundle), /crun-trial\.scope|trial/);
  });

  it("keep their disk over a reboot, and begin it with no interface or group of the boot before", async () => {
    const bootId =
      "systemctl show --property=UserspaceTimestampMonotonic systemd-journald.service; cat /run/marker 2>&1";
    await output(hosts[0], "echo kept >/root/kept; touch /run/marker; ip link add cni0 type bridge");
    const first = await output(hosts[0], bootId);
    await rebootHost("pair", "one", lab.options);
    assert.equal(
      await output(hosts[0], "cat /root/kept; ls /run/marker /sys/class/net/cni0 2>/dev/null; true"),
      "kept",
    );
    assert.notEqual((await lab.ssh(hosts[0], bootId)).stdout, first);
  });

  it("come back from `reboot` typed on the host itself", async () => {
    const boots = Number(await readFile(join(folderOf("two"), "boots"), "utf8"));
    await lab.ssh(hosts[1], "systemctl reboot");
    while (Number(await readFile(join(folderOf("two"), "boots"), "utf8")) === boots) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const again = await createNspawnHost(two, lab.options);
    assert.deepEqual(again.hostKeys, hosts[1].hostKeys);
    await output(hosts[1], "true");
  });

  it("come back from a power cut", async () => {
    await output(hosts[0], "echo synced >/root/synced; sync");
    await rebootHost("pair", "one", lab.options, true);
    assert.equal(await output(hosts[0], "cat /root/synced"), "synced");
  });

  it("power off when asked, and are started by the next create", async () => {
    await stopHost("pair", "one", lab.options);
    assert.equal((await readHost("pair", "one", lab.options.folders))?.status, "stopped");
    assert.equal((await lab.ssh(hosts[0], "true")).code, 255);
    const again = await createNspawnHost(one, lab.options);
    assert.equal(again.status, "running");
    assert.equal(await output(hosts[0], "cat /root/kept"), "kept");
  });

  it("stop within the grace even when a service will not", async () => {
    await output(
      hosts[0],
      `printf '[Service]\\nExecStart=/bin/bash -c "trap : TERM INT; while :; do read -t 1000 <> <(:) || :; done"\\nTimeoutStopSec=600\\nSendSIGKILL=no\\n' >/etc/systemd/system/stubborn.service
       systemctl daemon-reload && systemctl start stubborn`,
    );
    const pid = (await leaderOf(folderOf("one"))) ?? 0;
    const leader = { pid, started: startTimeIn(await readFile(`/proc/${pid}/stat`, "utf8")) ?? "" };
    const began = performance.now();
    await stopHost("pair", "one", lab.options, 3000);
    const seconds = (performance.now() - began) / 1000;
    assert.ok(seconds > 2.9 && seconds < 60, `${seconds} s`);
    assert.equal(await isAlive(leader), false);
    await createNspawnHost(one, lab.options);
  });

  it("are mended when their creator was killed at any moment", async () => {
    const program = `const { createNspawnHost } = await import(${JSON.stringify(new URL("../../../lab/hosts.ts", import.meta.url).href)});
      const { options, spec } = JSON.parse(process.argv[1]);
      await createNspawnHost(spec, { ...options, progress: () => undefined });`;
    const three = { name: "three", network: "pair", address: range.address(12), release: "trixie" } as const;
    const argument = JSON.stringify({ options: { folders: lab.options.folders }, spec: three });
    for (const milliseconds of [250, 400, 550, 700, 1000]) {
      const creator = spawn(process.execPath, ["--input-type=module", "-e", program, argument], {
        stdio: "ignore",
      });
      const closed = new Promise((resolve) => creator.once("close", resolve));
      setTimeout(() => creator.kill("SIGKILL"), milliseconds);
      await closed;
      const host = await createNspawnHost(three, lab.options);
      assert.equal(await output(host, "hostname"), "three");
      await deleteHost("pair", "three", lab.options);
      assert.equal((await readdir(join(lab.options.folders.state, "pair"))).includes("three"), false);
    }
  });

  it("are mended when their supervisor was killed", async () => {
    const supervisor = await readKnownProcess(join(folderOf("two"), "supervisor.pid"));
    assert.ok(supervisor);
    send(supervisor.pid, "SIGKILL");
    await awaitEnd(supervisor, 5000);
    assert.equal((await readHost("pair", "two", lab.options.folders))?.status, "stopped");
    const host = await createNspawnHost(two, lab.options);
    assert.equal(await output(host, "hostname"), "two");
  });

  it("are refused an address that another one has, and one outside the network", async () => {
    await assert.rejects(createNspawnHost({ ...one, name: "three" }, lab.options), /is another host's/);
    await assert.rejects(
      createNspawnHost({ ...one, name: "three", address: "10.80.0.1" }, lab.options),
      /outside 10\.7[89]\.\d+\.0/,
    );
  });

  it("leave nothing behind: no mount, interface, namespace, group, rule, setting or file", async () => {
    await deleteNetwork("pair", lab.options);
    const afterwards = await machineState(lab.ours);
    for (const kind of ["mounts", "links", "namespaces", "cgroups", "nftTables", "runFiles"] as const) {
      assert.deepEqual(afterwards[kind], pristine[kind], kind);
    }
    // While another lab runs on this machine, the settings stay raised for its sake.
    const others = await readdir("/run/rktnetes-lab/networks").catch(() => []);
    if (others.length === 0) assert.deepEqual(afterwards.settings, pristine.settings);
    assert.deepEqual(await readdir(lab.options.folders.state), []);
  });
});

describe("a lab network", function () {
  this.timeout(60_000);

  it("is refused a subnet that the machine uses already", async () => {
    const lab = await makeScratchLab("taken", []);
    const taken = await labRange(`taken-${process.pid}`);
    try {
      await createNetwork({ name: "first", subnet: taken.subnet }, lab.options);
      await assert.rejects(
        createNetwork({ name: "taken", subnet: `${taken.address(128)}/25` }, lab.options),
        new RegExp(`subnet is taken[^]*${taken.subnet.replaceAll(".", "\\.")}[^]*choose another`),
      );
      await assert.rejects(
        createNetwork({ name: "first", subnet: range.subnet }, lab.options),
        /another subnet/,
      );
    } finally {
      await lab.remove();
    }
  });
});
