import assert from "node:assert/strict";
import { hostAddress } from "../../../engine/metadata/metadataAddress.ts";
import type { PodNetwork } from "../../../engine/network/podNetwork.ts";
import { Fault } from "../../../errors/fault.ts";

function joined(...gateways: readonly string[]): PodNetwork {
  return { kind: "own", path: "/run/netns/x", attached: [], gateways };
}

describe("where a pod asks the metadata service", () => {
  const own = ["127.0.0.1", "192.0.2.7", "172.16.28.1"];

  it("is the host's end of the first network on which the host is", () => {
    assert.equal(hostAddress(joined("172.16.28.1"), own), "172.16.28.1");
    assert.equal(hostAddress(joined("10.0.0.1", "172.16.28.1"), own), "172.16.28.1");
  });

  it("is loopback where the network is the host's", () => {
    assert.equal(hostAddress({ kind: "host" }, own), "127.0.0.1");
  });

  it("is nowhere on networks that lead elsewhere", () => {
    for (const network of [joined(), joined("10.0.0.1")]) {
      assert.throws(() => hostAddress(network, own), Fault);
    }
  });
});
