import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFacts, type HostFacts } from "../../../../provider/host/claim/facts.ts";
import { unitOf } from "../../../../provider/host/claim/ports.ts";
import {
  compareVersions,
  preflightFindings,
  rangesOverlap,
  takenPorts,
} from "../../../../provider/host/claim/preflight.ts";
import { requirementsSchema } from "../../../../provider/host/requirements.ts";

const GOOD: HostFacts = {
  distribution: "debian",
  release: "13",
  kernel: "6.12.48+deb13-amd64",
  architecture: "amd64",
  systemd: true,
  cgroupVersion: 2,
  controllers: ["cpu", "cpuset", "memory", "pids", "io"],
  memoryMiB: 4096,
  cpus: 2,
  diskMiB: 20000,
  swaps: [],
  machineId: "0".repeat(32),
  container: "",
  clockSkew: 0.1,
  unresolved: [],
  missingTools: [],
  listeners: [],
  ranges: ["192.0.2.0/24"],
  claim: undefined,
  hasLedgers: false,
};
const REQUIREMENTS = requirementsSchema.parse({
  cidrs: ["10.244.0.0/16", "10.96.0.0/12"],
  ports: ["6443/tcp"],
});
const OURS = { claim: "o/p/s/one", stack: "o/p/s", host: "one", generation: 1, since: "2026-01-01" };

function findings(facts: Partial<HostFacts>, claim = "o/p/s/one"): string[] {
  return preflightFindings("one", claim, { ...GOOD, ...facts }, REQUIREMENTS, []).map(
    (fault) => fault.details.what,
  );
}

describe("preflight", () => {
  it("finds nothing wrong with a good host", () => {
    assert.deepEqual(findings({}), []);
  });

  it("finds each thing that stands in the way", () => {
    const cases: [Partial<HostFacts>, RegExp][] = [
      [{ distribution: "ubuntu", release: "24.04" }, /operating system/],
      [{ systemd: false }, /systemd/],
      [{ kernel: "4.19.0-27-amd64" }, /kernel is too old/],
      [{ controllers: ["cpu", "memory", "pids"] }, /controllers are missing: cpuset/],
      [{ memoryMiB: 512 }, /too little memory/],
      [{ diskMiB: 100 }, /too little room/],
      [{ swaps: ["/swapfile"] }, /swap is in use/],
      [{ machineId: "" }, /no id/],
      [{ clockSkew: -90 }, /clock differs/],
      [{ unresolved: ["registry.example"] }, /cannot be resolved/],
      [{ missingTools: ["awk"] }, /tools are missing/],
      [{ ranges: ["10.100.0.0/16"] }, /10\.96\.0\.0\/12 overlaps/],
      [{ claim: { ...OURS, claim: "o/p/other/one" } }, /claimed by another stack/],
    ];
    for (const [facts, expected] of cases) {
      const found = findings(facts);
      assert.equal(found.length, 1, JSON.stringify(found));
      assert.match(found[0] ?? "", expected);
    }
  });

  it("finds all of them together", () => {
    assert.equal(
      findings({ memoryMiB: 1, systemd: false, swaps: ["/x"], machineId: "", ranges: ["10.244.3.0/24"] })
        .length,
      5,
    );
  });

  it("does not hold our own routes and files against a host that is ours already", () => {
    assert.deepEqual(findings({ claim: OURS, diskMiB: 10, ranges: ["10.244.0.0/24"] }), []);
  });

  it("names who holds a port", () => {
    const facts = {
      ...GOOD,
      listeners: [
        { port: 6443, protocol: "tcp" as const, inode: "7" },
        { port: 22, protocol: "tcp" as const, inode: "8" },
      ],
    };
    assert.deepEqual(
      takenPorts(facts, REQUIREMENTS).map(({ inode }) => inode),
      ["7"],
    );
    const holder = { port: 6443, protocol: "tcp" as const, process: "haproxy[7]", unit: "haproxy.service" };
    const [fault] = preflightFindings("one", "c", facts, REQUIREMENTS, [holder]);
    assert.equal(fault?.details.got, "haproxy[7] of haproxy.service");
    assert.equal(fault.details.remedy, "systemctl disable --now haproxy.service");
  });
});

describe("the facts of a host", () => {
  const say = (pairs: readonly (readonly [string, string])[]): Buffer =>
    Buffer.from(pairs.map(([key, value]) => `${key}\0${value}\0`).join(""));

  it("are read from what the host says", () => {
    const facts = parseFacts(
      say([
        ["now", "1000.5"],
        ["release", "debian 12"],
        ["cgroups", "tmpfs"],
        ["controllers1", "rw,relatime,cpu\nrw,memory"],
        ["memory", "2097152"],
        ["sockets tcp", "0100007F:192B 0A 4711\n00000000:0016 01 4712"],
        ["sockets udp6", "00000000000000000000000000000000:0202 07 4713"],
        ["routes4", "00000000 00000000\n000A4F0A 00FFFFFF"],
        ["routes6", "fe800000000000000000000000000000 40 eth0\n20010db8000000000000000000000000 20 eth0"],
        ["unresolved", "a.example"],
        ["unresolved", "b.example"],
      ]),
      1_000_000,
    );
    assert.equal(facts.release, "12");
    assert.equal(facts.cgroupVersion, 1);
    assert.ok(facts.controllers.includes("cpu") && facts.controllers.includes("memory"));
    assert.equal(facts.memoryMiB, 2048);
    assert.deepEqual(facts.listeners, [
      { port: 6443, protocol: "tcp", inode: "4711" },
      { port: 514, protocol: "udp", inode: "4713" },
    ]);
    assert.deepEqual(facts.ranges, ["10.79.10.0/24", "2001:0db8:0000:0000:0000:0000:0000:0000/32"]);
    assert.deepEqual(facts.unresolved, ["a.example", "b.example"]);
    assert.ok(Math.abs(facts.clockSkew - 0.5) < 1e-6);
  });

  it("place a process in the innermost unit", () => {
    assert.equal(unitOf("0::/system.slice/ssh.service"), "ssh.service");
    assert.equal(unitOf("12:cpu:/x\n1:name=systemd:/system.slice/etcd.service/child"), "etcd.service");
    assert.equal(unitOf("0::/"), "");
  });
});

describe("ranges and versions", () => {
  it("overlap when one holds the other, in either order", () => {
    const range = fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 }), fc.integer({ min: 8, max: 24 }));
    fc.assert(
      fc.property(range, ([a, b, bits]) => {
        const wide = `${a}.${b}.7.9/${bits}`;
        const narrow = `${a}.${b}.7.9/30`;
        assert.ok(rangesOverlap(wide, narrow) && rangesOverlap(narrow, wide));
      }),
    );
    assert.equal(rangesOverlap("10.0.0.0/24", "10.0.1.0/24"), false);
    assert.equal(rangesOverlap("10.0.0.0/8", "2001:db8::/32"), false);
  });

  it("compare by their numbers", () => {
    assert.ok(compareVersions("6.12.48+deb13-amd64", "5.10") > 0);
    assert.ok(compareVersions("5.4.0-1-amd64", "5.10") < 0);
    assert.equal(compareVersions("5.10", "5.10.0-foo"), 0);
  });
});
