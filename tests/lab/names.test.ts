import assert from "node:assert/strict";
import { hostNames, networkNames } from "../../lab/names.ts";

describe("names of a lab's kernel objects", () => {
  it("fit into an interface's name", () => {
    assert.ok(networkNames("/a/very/long/folder/of/a/state").bridge.length <= 15);
    assert.ok(hostNames("/a/very/long/folder/of/a/state/host").cable.length <= 15);
  });

  it("differ between two labs whose networks and hosts have the same names", () => {
    assert.notEqual(networkNames("/one/state/dev").bridge, networkNames("/two/state/dev").bridge);
    assert.notEqual(hostNames("/one/state/dev/a").cable, hostNames("/two/state/dev/a").cable);
  });

  it("are the same whenever the same host is made, the hardware address too", () => {
    assert.deepEqual(hostNames("/one/state/dev/a"), hostNames("/one/state/dev/a"));
    assert.match(hostNames("/one/state/dev/a").mac, /^02(:[0-9a-f]{2}){5}$/);
  });
});
