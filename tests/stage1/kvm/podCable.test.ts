import assert from "node:assert/strict";
import { cable } from "../../../stage1/kvm/podCable.ts";

const facts = {
  address: "0a:58:0a:01:02:03",
  addr_info: [
    { family: "inet", local: "172.16.28.2", prefixlen: 24 },
    { family: "inet6", local: "fe80::1", prefixlen: 64 },
  ],
};

describe("the cable from a pod's network into its virtual machine", () => {
  it("hands the machine the address and the hardware address, and gives the port another one", () => {
    const made = cable(0, "eth0", facts, []);
    assert.equal(made.mac, facts.address);
    assert.deepEqual(made.addresses, ["172.16.28.2/24"]);
    assert.match(made.script, /ip link set eth0 address 02:58:0a:01:02:56/);
  });

  it("adds routes to gateways after the routes that reach them, and none that the kernel makes", () => {
    const made = cable(1, "eth1", facts, [
      { dst: "default", gateway: "172.16.28.1" },
      { dst: "172.16.28.1" },
      { dst: "172.16.28.0/24", protocol: "kernel" },
    ]);
    assert.deepEqual(made.routes, ["172.16.28.1 dev eth1", "default via 172.16.28.1 dev eth1 onlink"]);
  });
});
