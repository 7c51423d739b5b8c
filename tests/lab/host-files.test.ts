import assert from "node:assert/strict";
import { posix } from "node:path";
import { networkUnit, seedFiles, seedFolders, type HostIdentity } from "../../lab/host-files.ts";
import { initArguments } from "../../lab/nspawn-host.ts";
import { parseSubnet } from "../../lab/subnet.ts";

const host: HostIdentity = {
  name: "one",
  address: "10.77.0.10",
  mac: "02:00:00:00:00:01",
  subnet: parseSubnet("10.77.0.0/24"),
  nameservers: ["192.0.2.53", "192.0.2.54"],
  mtu: 1400,
  machineId: "0123456789abcdef0123456789abcdef",
  authorizedKeys: ["ssh-ed25519 AAAA lab"],
  hostKey: { privateKey: "PRIVATE\n", publicKey: "ssh-ed25519 BBBB root@one" },
};

describe("the files that make a tree one host", () => {
  it("have every folder they lie in laid first, with the mode it has in the tree", () => {
    const folders = Object.keys(seedFolders());
    for (const path of Object.keys(seedFiles(host))) {
      const parent = posix.dirname(path);
      assert.ok(folders.includes(parent), `${parent} of ${path}`);
    }
    for (const folder of folders) {
      const parent = posix.dirname(folder);
      assert.ok(parent === "/" || folders.indexOf(parent) < folders.indexOf(folder), folder);
    }
    assert.equal(seedFolders()["/root"]?.mode, 0o700);
  });

  it("let nobody but root read the host's private key", () => {
    assert.deepEqual(seedFiles(host)["/etc/ssh/ssh_host_ed25519_key"], {
      content: "PRIVATE\n",
      mode: 0o600,
      owner: { user: 0, group: 0 },
    });
  });

  it("let the same keys in as root and as operator", () => {
    const files = seedFiles(host);
    assert.equal(files["/root/.ssh/authorized_keys"]?.content, "ssh-ed25519 AAAA lab\n");
    assert.equal(files["/home/operator/.ssh/authorized_keys"]?.content, "ssh-ed25519 AAAA lab\n");
    assert.equal(files["/home/operator/.ssh/authorized_keys"].owner.user, 1000);
  });

  it("name the host by its own address and never by a loopback one", () => {
    const hosts = seedFiles(host)["/etc/hosts"]?.content ?? "";
    assert.match(hosts, /^10\.77\.0\.10\tone$/m);
    assert.doesNotMatch(hosts, /127\.0\.1\.1/);
  });

  it("give it a fixed address on the cable with its hardware address", () => {
    const unit = networkUnit(host);
    assert.match(unit, /^MACAddress=02:00:00:00:00:01$/m);
    assert.match(unit, /^Address=10\.77\.0\.10\/24$/m);
    assert.match(unit, /^Gateway=10\.77\.0\.1$/m);
    assert.match(unit, /^MTUBytes=1400$/m);
  });
});

describe("arguments of a host's systemd", () => {
  it("allow cgroup v1 to Debian 13, where the machine has it, and are none otherwise", () => {
    assert.equal(initArguments("trixie", false).length, 2);
    assert.deepEqual(initArguments("trixie", true), []);
    assert.deepEqual(initArguments("bookworm", false), []);
  });
});
