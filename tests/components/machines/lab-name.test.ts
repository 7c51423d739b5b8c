import assert from "node:assert/strict";
import { labNetworkName } from "../../../components/machines/lab-name.ts";

describe("a lab network's name", () => {
  it("differs between checkouts and between stacks", () => {
    const names = [
      labNetworkName("dev", "dev", "/home/a/rktnetes"),
      labNetworkName("dev", "dev", "/home/b/rktnetes"),
      labNetworkName("dev", "pair", "/home/a/rktnetes"),
    ];
    assert.equal(new Set(names).size, names.length);
  });

  it("stays the same, begins with the cluster's name, and is short", () => {
    const name = labNetworkName("a-cluster-with-quite-a-long-name", "dev", "/home/a/rktnetes");
    assert.equal(name, labNetworkName("a-cluster-with-quite-a-long-name", "dev", "/home/a/rktnetes"));
    assert.match(name, /^a-cluster-with-quite-[0-9a-f]{6}$/);
  });
});
