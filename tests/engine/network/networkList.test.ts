import assert from "node:assert/strict";
import { parseNetworks, renderArguments } from "../../../engine/network/networkList.ts";
import { Fault } from "../../../errors/fault.ts";

describe("--net", () => {
  it("names networks in the order given", () => {
    assert.deepEqual(parseNetworks("db,default"), [
      { name: "db", arguments: {} },
      { name: "default", arguments: {} },
    ]);
  });

  it("gives a network arguments of its own", () => {
    assert.deepEqual(parseNetworks("default,db:IP=172.16.28.9;FOO=bar"), [
      { name: "default", arguments: {} },
      { name: "db", arguments: { IP: "172.16.28.9", FOO: "bar" } },
    ]);
  });

  it("takes an IPv6 address as an argument", () => {
    assert.deepEqual(parseNetworks("db:IP=fd00::9"), [{ name: "db", arguments: { IP: "fd00::9" } }]);
  });

  const refused: readonly (readonly [string, string])[] = [
    ["", "netname must not be empty"],
    ["default,", "netname must not be empty"],
    ["db,db", 'found duplicate netname "db"'],
    ["host:IP=1.2.3.4", 'arguments are not supported by special netname "host"'],
    ["all:IP=1.2.3.4", 'arguments are not supported by special netname "all"'],
    ["db:a:b", 'network "db" provided with invalid arguments: [a b]'],
  ];
  for (const [text, what] of refused) {
    it(`refuses "${text}"`, () => {
      assert.throws(
        () => parseNetworks(text),
        (error: unknown) => error instanceof Fault && error.details.what === what,
      );
    });
  }

  it("writes arguments as plugins read them", () => {
    assert.equal(renderArguments({ IP: "172.16.28.9", FOO: "bar" }), "IP=172.16.28.9;FOO=bar");
  });
});
