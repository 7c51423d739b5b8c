import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { HOST, NetworkHost, OUTSIDE, ownNetwork, type Driver } from "./networkHost.ts";

describe("the network of pods", function () {
  this.timeout(180_000);
  this.slow(30_000);
  let host: NetworkHost;
  let engine: Driver;
  /** What the host is like when the engine has nothing there. */
  let bare: string;

  before(async () => {
    host = await NetworkHost.found();
    engine = host.driver();
    bare = await host.traces();
  });

  after(async () => {
    await engine.end();
    await host.end();
  });

  afterEach(async () => {
    assert.equal(await host.traces(), bare, "the host is not as it was");
  });

  it("joins twenty pods at once, each with an address of its own at which it answers", async () => {
    const pods = await Promise.all(Array.from({ length: 20 }, () => engine.pod()));
    assert.equal(new Set(pods.map(({ ip }) => ip)).size, 20);
    // Nobody listens, so the pod's kernel refuses; who is not there says nothing.
    const answers = await Promise.all(pods.map(({ ip }) => host.ask(undefined, ip, 80)));
    assert.deepEqual(new Set(answers), new Set(["ECONNREFUSED"]));
    await engine.remove(...pods);
  });

  it("leads from pod to pod, and to the outside under the host's address", async () => {
    const [one, other] = await Promise.all([engine.pod(), engine.pod()]);
    const ends = await Promise.all([host.serve(other.namespace, 80), host.serve("outside", 80)]);
    assert.equal(await host.ask(one.namespace, other.ip, 80), `${other.namespace} saw ${one.ip}`);
    assert.equal(await host.ask(one.namespace, OUTSIDE, 80), `outside saw ${HOST}`);
    await Promise.all(ends.map((end) => end()));
    await engine.remove(one, other);
  });

  it("keeps pods of default-restricted from the outside, not from each other", async () => {
    const [one, other] = await Promise.all([
      engine.pod("default-restricted"),
      engine.pod("default-restricted"),
    ]);
    const ends = await Promise.all([host.serve(other.namespace, 80), host.serve("outside", 80)]);
    assert.match(one.ip, /^172\.31\./);
    assert.equal(await host.ask(one.namespace, other.ip, 80), `${other.namespace} saw ${one.ip}`);
    assert.equal(await host.ask(one.namespace, OUTSIDE, 80), "ENETUNREACH");
    await Promise.all(ends.map((end) => end()));
    await engine.remove(one, other);
  });

  it("is the host's own, or loopback alone, where that is asked", async () => {
    const uuid = randomUUID();
    await host.makePodFolder(uuid);
    assert.deepEqual((await engine.ask({ what: "setUp", uuid, net: "host" })).value, { kind: "host" });
    const alone = await engine.pod("none");
    assert.equal(
      await host.run(`nsenter --net=/run/netns/${alone.namespace} ip -brief link | awk '{ print $1, $3 }'`),
      "lo 00:00:00:00:00:00",
    );
    assert.equal(await host.ask(alone.namespace, "127.0.0.1", 80), "ECONNREFUSED");
    await engine.remove(alone);
  });

  it("tells rkt's tools of itself in the pod's folder", async () => {
    const pod = await engine.pod();
    const folder = `/run/host/data/${pod.uuid}`;
    assert.equal(await host.run(`cat ${folder}/netns`), `/run/netns/${pod.namespace}`);
    assert.deepEqual(JSON.parse(await host.run(`cat ${folder}/net-info.json`)), [
      {
        netName: "default",
        netConf: "net/99-default.conf",
        pluginPath: "/usr/lib/cni/ptp",
        ifName: "eth0",
        ip: pod.ip,
        mask: "255.255.255.0",
        args: "",
      },
    ]);
    assert.equal(await host.run(`ls ${folder}/net`), "99-default.conf");
    await engine.remove(pod);
  });

  it("refuses a network that nobody has configured, and makes nothing", async () => {
    const uuid = randomUUID();
    await host.makePodFolder(uuid);
    assert.match(
      await engine.refusal({ what: "setUp", uuid, net: "nonet" }),
      /^failed to setup network: networks not found: nonet\n/,
    );
  });

  it("knows the same address for two pods only as a mistake", async () => {
    const pod = await engine.pod("default:IP=172.16.28.99");
    assert.equal(pod.ip, "172.16.28.99");
    const uuid = randomUUID();
    await host.makePodFolder(uuid);
    assert.match(
      await engine.refusal({ what: "setUp", uuid, net: "default:IP=172.16.28.99" }),
      /^failed to setup network: error adding network "default": .*172\.16\.28\.99/,
    );
    await engine.remove(pod);
  });

  describe("with configurations of the administrator's", () => {
    before(async () => {
      await host.run(`cd /run/host/local/net.d
        cat > 10-old.conf <<'END'
{"cniVersion":"0.1.0","name":"old","type":"bridge","bridge":"old0","isGateway":true,"ipMasq":true,
 "ipam":{"type":"host-local","subnet":"10.55.0.0/24","routes":[{"dst":"0.0.0.0/0"}]}}
END
        cat > 20-list.conflist <<'END'
{"cniVersion":"1.0.0","name":"list","plugins":[
 {"type":"ptp","ipMasq":true,"dns":{"nameservers":["10.56.0.53"]},"ipam":{"type":"host-local","subnet":"10.56.0.0/24"}},
 {"type":"tuning","sysctl":{"net.ipv4.conf.eth1.log_martians":"1"}}]}
END
        cat > 30-mine.conf <<'END'
{"cniVersion":"0.4.0","name":"default-restricted","type":"ptp",
 "ipam":{"type":"host-local","subnet":"10.57.0.0/24"}}
END`);
    });

    after(() => host.run("rm /run/host/local/net.d/*; ip link delete old0 2>/dev/null || true"));

    it("joins them in the order of their files, whatever their CNI version", async () => {
      const uuid = randomUUID();
      await host.makePodFolder(uuid);
      const { value } = await engine.ask({ what: "setUp", uuid, net: "list,old" });
      const { attached } = ownNetwork.parse(value);
      assert.deepEqual(
        attached.map(({ netName, ifName, ip, mask }) => [netName, ifName, ip, mask]),
        [
          ["old", "eth0", "10.55.0.2", "255.255.255.0"],
          ["list", "eth1", "10.56.0.2", "255.255.255.0"],
        ],
      );
      assert.deepEqual(z.object({ dns: z.unknown() }).parse(value).dns, {
        network: "list",
        settings: { nameservers: ["10.56.0.53"], search: [], options: [] },
      });
      const server = await host.serve("outside", 80);
      assert.equal(await host.ask(`cni-${uuid}`, OUTSIDE, 80), `outside saw ${HOST}`);
      await server();
      await engine.remove({ uuid });
      await host.run("ip link delete old0");
    });

    it("takes the administrator's in place of a built-in one of the same name", async () => {
      const pod = await engine.pod("default-restricted");
      assert.match(pod.ip, /^10\.57\.0\./);
      await engine.remove(pod);
    });

    it("forwards ports into a bridge, for pods on the same bridge too", async () => {
      const pod = await engine.pod("old", ["http:tcp:80:0.0.0.0:8081"]);
      const near = await engine.pod("old");
      const server = await host.serve(pod.namespace, 80);
      assert.match(await host.ask(near.namespace, HOST, 8081), new RegExp(`^${pod.namespace} saw 10.55.0.`));
      assert.equal(await host.ask("outside", HOST, 8081), `${pod.namespace} saw ${OUTSIDE}`);
      assert.match(
        await host.ask(undefined, "127.0.0.1", 8081),
        new RegExp(`^${pod.namespace} saw 10.55.0.`),
      );
      await server();
      await engine.remove(pod, near);
      await host.run("ip link delete old0");
    });

    it("says which file is no configuration", async () => {
      await host.run("echo '{' > /run/host/local/net.d/50-broken.conf");
      assert.match(
        await engine.refusal({ what: "setUp", uuid: randomUUID() }),
        /^failed to setup network: error loading \/run\/host\/local\/net\.d\/50-broken\.conf: /,
      );
      await host.run("rm /run/host/local/net.d/50-broken.conf");
    });
  });

  it("passes a firewall that drops what it does not know, once that is told to let it", async () => {
    const [one, other] = await Promise.all([engine.pod(), engine.pod()]);
    await host.run("iptables -P FORWARD DROP");
    assert.equal(await host.ask(one.namespace, other.ip, 80), "SILENCE");
    const documented = await readFile(new URL("../../../docs/networking.md", import.meta.url), "utf8");
    const commands = documented.match(/(?<=^# )iptables .*$/gm) ?? [];
    assert.equal(commands.length, 2);
    await host.run(commands.join("; "));
    assert.equal(await host.ask(one.namespace, other.ip, 80), "ECONNREFUSED");
    await host.run("nft delete table ip filter");
    await engine.remove(one, other);
  });

  describe("with ports of the host", () => {
    it("is reached through them from outside, from the host, from other pods and from itself", async () => {
      const pod = await engine.pod("default", ["http:tcp:80:0.0.0.0:8080"]);
      const other = await engine.pod();
      const server = await host.serve(pod.namespace, 80);
      const reached = `${pod.namespace} saw `;
      assert.equal(await host.ask("outside", HOST, 8080), `${reached}${OUTSIDE}`);
      assert.match(await host.ask(undefined, HOST, 8080), new RegExp(`^${reached}`));
      assert.match(await host.ask(undefined, "127.0.0.1", 8080), new RegExp(`^${reached}`));
      assert.equal(await host.ask(other.namespace, HOST, 8080), `${reached}${other.ip}`);
      assert.match(await host.ask(pod.namespace, HOST, 8080), new RegExp(`^${reached}`));
      await server();
      await engine.remove(pod, other);
      assert.equal(await host.ask("outside", HOST, 8080), "ECONNREFUSED");
    });

    it("is reached at one address alone where one is named", async () => {
      const pod = await engine.pod("default", ["http:tcp:80:127.0.0.1:8080"]);
      const server = await host.serve(pod.namespace, 80);
      assert.match(await host.ask(undefined, "127.0.0.1", 8080), /saw/);
      assert.equal(await host.ask("outside", HOST, 8080), "ECONNREFUSED");
      await server();
      await engine.remove(pod);
    });

    it("opens the host's own loopback services to nobody", async () => {
      const pod = await engine.pod("default", ["http:tcp:80:0.0.0.0:8080"]);
      const server = await host.serve(undefined, 9090, "127.0.0.1");
      assert.match(await host.ask(undefined, "127.0.0.1", 9090), /^host saw/);
      await host.run(`nsenter --net=/run/netns/${pod.namespace} bash -c '
        ip address delete 127.0.0.1/8 dev lo
        sysctl -q net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.eth0.route_localnet=1
        ip route delete table local 127.0.0.0/8 dev lo 2>/dev/null || true
        ip route add 127.0.0.0/8 via 172.16.28.1 src ${pod.ip}'`);
      assert.equal(await host.ask(pod.namespace, "127.0.0.1", 9090), "SILENCE");
      await server();
      await engine.remove(pod);
    });

    it("refuses a port that another pod has, and says which", async () => {
      const pod = await engine.pod("default", ["http:tcp:80:0.0.0.0:8080"]);
      for (const address of ["0.0.0.0", HOST]) {
        const uuid = randomUUID();
        await host.makePodFolder(uuid);
        const refused = await engine.refusal({
          what: "setUp",
          uuid,
          ports: [`http:tcp:80:${address}:8080`],
        });
        assert.match(refused, /port tcp-[\d.]+:8080 of the host is taken/);
        assert.match(refused, new RegExp(`held by pod ${pod.uuid}`));
      }
      const beside = await engine.pod("default", ["http:udp:80:0.0.0.0:8080"]);
      await engine.remove(pod, beside);
    });

    it("refuses a port on which a program of the host listens, and says which", async () => {
      const server = await host.serve(undefined, 8080);
      const uuid = randomUUID();
      await host.makePodFolder(uuid);
      assert.match(
        await engine.refusal({ what: "setUp", uuid, ports: ["http:tcp:80:0.0.0.0:8080"] }),
        /held by process \d+ \(node\)/,
      );
      await server();
    });
  });

  describe("taken away", () => {
    it("is no error where there is nothing", async () => {
      const uuid = randomUUID();
      await engine.remove({ uuid });
      const pod = await engine.pod();
      await engine.remove(pod);
      await engine.remove(pod);
    });

    it("leaves nothing, wherever the command that made it was killed", async () => {
      const ports = ["http:tcp:80:0.0.0.0:8080"];
      const whole = randomUUID();
      await host.makePodFolder(whole);
      const { milliseconds } = await engine.ask({ what: "setUp", uuid: whole, ports });
      await engine.remove({ uuid: whole });
      for (let part = 0; part < 10; part++) {
        const uuid = randomUUID();
        await host.makePodFolder(uuid);
        const killed = host.driver();
        await killed.ask({ what: "tearDown", uuid });
        void killed.tell({ what: "setUp", uuid, ports });
        await setTimeout((milliseconds * part) / 9);
        await killed.kill();
        await engine.remove({ uuid });
        assert.equal(await host.traces(), bare, `killed after ${part} ninths of ${milliseconds} ms`);
      }
    });

    it("waits for a plugin that a killed command has left at work", async () => {
      await host.run(`cd /run/host
        mkfifo go started
        cat > local/net.d/late <<'END'
#!/bin/sh
configuration=$(cat)
[ $CNI_COMMAND = DEL ] || { echo yes > /run/host/started; read -r _ < /run/host/go; }
printf %s "$configuration" | /usr/lib/cni/ptp
END
        chmod +x local/net.d/late
        echo '{"cniVersion":"0.4.0","name":"late","type":"late",
          "ipam":{"type":"host-local","subnet":"10.60.0.0/24"}}' > local/net.d/late.conf`);
      const uuid = randomUUID();
      await host.makePodFolder(uuid);
      const killed = host.driver();
      void killed.tell({ what: "setUp", uuid, net: "late" });
      await host.run("read -r _ < /run/host/started");
      await killed.kill();
      const gone = engine.ask({ what: "tearDown", uuid }).then(() => "gone");
      assert.equal(await Promise.race([gone, setTimeout(500, "waiting")]), "waiting");
      await host.run("echo go > /run/host/go");
      assert.equal(await gone, "gone");
      await host.run("cd /run/host; rm go started local/net.d/*");
    });

    it("leaves nothing where taking away was itself killed", async () => {
      for (let part = 0; part < 6; part++) {
        const pod = await engine.pod("default", ["http:tcp:80:0.0.0.0:8080"]);
        const killed = host.driver();
        await killed.ask({ what: "tearDown", uuid: randomUUID() });
        void killed.tell({ what: "tearDown", uuid: pod.uuid });
        await setTimeout(part * 15);
        await killed.kill();
        await engine.remove(pod);
        await engine.ask({ what: "leftovers" });
        assert.equal(await host.traces(), bare, `killed after ${part * 15} ms`);
      }
    });

    it("never takes a network's rule from a pod that comes while the last one goes", async () => {
      let last = await engine.pod();
      for (let round = 0; round < 8; round++) {
        const [next] = await Promise.all([engine.pod(), engine.remove(last)]);
        assert.match(await host.run("nft list ruleset"), /ip saddr 172\.16\.28\.0\/24 .* masquerade/);
        last = next;
      }
      await engine.remove(last);
    });

    it("is found for pods whose folder is gone", async () => {
      const [gone, there] = await Promise.all([engine.pod(), engine.pod()]);
      await host.run(`rm -r /run/host/data/${gone.uuid}; touch /run/rkt/network/pods/x.999999999.tmp`);
      assert.deepEqual((await engine.ask({ what: "leftovers" })).value, [gone.uuid]);
      await engine.remove(gone);
      assert.equal(await host.ask(undefined, there.ip, 80), "ECONNREFUSED");
      await engine.remove(there);
    });

    it("frees addresses that pods had before the machine came up", async () => {
      await host.run(`cd /var/lib/cni/networks/default
        printf '%s\\r\\neth0' ${randomUUID()} > 172.16.28.200
        touch 172.16.28.201
        printf '%s\\r\\neth0' 0123456789abcdef > 172.16.28.202
        touch -d 2001-01-01 172.16.28.20[012]`);
      await engine.ask({ what: "leftovers" });
      assert.equal(await host.run("cd /var/lib/cni/networks/default; ls 172.*"), "172.16.28.202");
      await host.run("rm /var/lib/cni/networks/default/172.16.28.202");
    });
  });
});
