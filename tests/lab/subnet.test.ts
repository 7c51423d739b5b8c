import assert from "node:assert/strict";
import fc from "fast-check";
import { freeAddress, objectionToAddress, overlaps, parseSubnet } from "../../lab/subnet.ts";

describe("a lab's subnet", () => {
  it("gives its first address to the machine", () => {
    assert.deepEqual(parseSubnet("10.77.0.0/24"), { cidr: "10.77.0.0/24", prefix: 24, gateway: "10.77.0.1" });
    assert.equal(parseSubnet("10.77.0.64/28").gateway, "10.77.0.65");
  });

  it("is refused with what is allowed when it is none", () => {
    for (const text of [
      "10.77.0.0",
      "10.77.0.1/24",
      "10.77.0.0/29",
      "10.0.0.0/7",
      "10.77.0.0/024x",
      "fd00::/64",
      "a/24",
    ]) {
      assert.throws(() => parseSubnet(text), /allowed: an IPv4 network/, text);
    }
  });

  it("has room for hosts between gateway and broadcast address only", () => {
    const subnet = parseSubnet("10.77.0.0/24");
    assert.equal(objectionToAddress(subnet, "10.77.0.2"), undefined);
    assert.equal(objectionToAddress(subnet, "10.77.0.254"), undefined);
    assert.match(objectionToAddress(subnet, "10.77.0.1") ?? "", /gateway/);
    assert.match(objectionToAddress(subnet, "10.77.0.0") ?? "", /reserved/);
    assert.match(objectionToAddress(subnet, "10.77.0.255") ?? "", /reserved/);
    assert.match(objectionToAddress(subnet, "10.77.1.5") ?? "", /outside/);
    assert.match(objectionToAddress(subnet, "10.77.0.5/24") ?? "", /not an IPv4 address/);
  });

  it("overlaps with a range around it, one inside it and a single address in it, and with no neighbour", () => {
    const subnet = parseSubnet("10.77.0.0/24");
    const used = ["10.0.0.0/8", "10.77.0.128/25", "10.77.0.9", "10.77.1.0/24", "10.76.255.0/24", "fe80::/64"];
    const found = overlaps(
      subnet,
      used.map((cidr) => ({ cidr, user: "route" })),
    );
    assert.deepEqual(
      found.map(({ cidr }) => cidr),
      ["10.0.0.0/8", "10.77.0.128/25", "10.77.0.9"],
    );
  });

  it("overlaps in either direction alike", () => {
    const cidr = fc
      .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 8, max: 28 }))
      .map(([value, prefix]) => {
        const network = Math.floor(value / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
        return `${[24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join(".")}/${prefix}`;
      });
    fc.assert(
      fc.property(cidr, cidr, (a, b) => {
        const there = overlaps(parseSubnet(a), [{ cidr: b, user: "" }]).length;
        const back = overlaps(parseSubnet(b), [{ cidr: a, user: "" }]).length;
        assert.equal(there, back);
        assert.equal(overlaps(parseSubnet(a), [{ cidr: a, user: "" }]).length, 1);
      }),
    );
  });

  it("hands out the first free address from the tenth on", () => {
    assert.equal(freeAddress(parseSubnet("10.77.0.0/24"), []), "10.77.0.10");
    assert.equal(
      freeAddress(parseSubnet("10.77.0.0/24"), ["10.77.0.10", undefined, "10.77.0.12"]),
      "10.77.0.11",
    );
    assert.throws(
      () =>
        freeAddress(
          parseSubnet("10.77.0.0/28"),
          [10, 11, 12, 13, 14].map((n) => `10.77.0.${n}`),
        ),
      /no address/,
    );
  });
});
