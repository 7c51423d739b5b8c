import assert from "node:assert/strict";
import { interfaceTowards } from "../../../engine/network/hostRoutes.ts";
import { bootTime, staleLeases, type Lease } from "../../../engine/network/leases.ts";
import { listeningSockets } from "../../../engine/network/listeners.ts";

describe("what the kernel's tables say", () => {
  const routes = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "uplink\t00000000\t01630A0A\t0003\t0\t0\t0\t00000000\t0\t0\t0",
    "old0\t0000370A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
    "veth1\t021C10AC\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
  ].join("\n");

  it("leads to a pod by the narrowest route", () => {
    assert.equal(interfaceTowards("172.16.28.2", routes), "veth1");
    assert.equal(interfaceTowards("10.55.0.9", routes), "old0");
    assert.equal(interfaceTowards("192.0.2.1", routes), "uplink");
    assert.equal(interfaceTowards("192.0.2.1", routes.split("\n").slice(0, 1).join("\n")), undefined);
  });

  it("shows who listens, and nobody who only talks", () => {
    const sockets = [
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1",
      "   1: 0100007F:0016 0200007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 4712 1",
    ].join("\n");
    assert.deepEqual(listeningSockets(sockets, "tcp"), [{ address: "127.0.0.1", port: 8080, inode: "4711" }]);
  });

  it("shows listeners on IPv6, which take IPv4 too", () => {
    const any = `   0: ${"0".repeat(32)}:0050 ${"0".repeat(32)}:0000 0A 0:0 00:0 0 0 0 99 1`;
    const mapped = `   1: 0000000000000000FFFF00000100007F:0051 ${"0".repeat(32)}:0000 0A 0:0 00:0 0 0 0 98 1`;
    assert.deepEqual(
      listeningSockets(`header\n${any}\n${mapped}`, "tcp").map(({ address, port }) => [address, port]),
      [
        ["0.0.0.0", 80],
        ["127.0.0.1", 81],
      ],
    );
  });

  it("tells when the machine came up", () => {
    assert.equal(bootTime("cpu 1 2\nbtime 1700000000\nprocesses 9\n"), 1_700_000_000_000);
  });
});

describe("a lease", () => {
  const uuid = "00000000-0000-4000-8000-00000000000a";
  const lease = (holder: string, givenAt: number): Lease => ({
    network: "default",
    address: "172.16.28.2",
    path: "/leases/172.16.28.2",
    holder,
    givenAt,
  });
  const stale = (given: Lease): boolean => staleLeases([given], { bootedAt: 1_000, now: 200_000 }).length > 0;

  it("is stale when its pod had it before the machine came up", () => {
    assert.ok(stale(lease(uuid, 999)));
    assert.ok(!stale(lease(uuid, 1_000)));
  });

  it("is not judged when another program than ours gave it", () => {
    assert.ok(!stale(lease("0123456789abcdef", 999)));
  });

  it("is stale when nobody's name came into it for a minute", () => {
    assert.ok(stale(lease("", 139_999)));
    assert.ok(!stale(lease("", 140_001)));
  });
});
