import assert from "node:assert/strict";
import { reachableNameservers } from "../../lab/nameservers.ts";
import { labName, rules } from "../../lab/network.ts";

describe("a lab network", () => {
  it("masquerades what leaves its bridge and keeps everybody but this machine out", () => {
    const text = rules("rktnetes_lab_1", "10.77.0.0/24", "rkb1");
    assert.match(text, /ip saddr 10\.77\.0\.0\/24 oifname != "rkb1" masquerade/);
    assert.match(text, /iifname != \{ "lo", "rkb1" \} ip daddr 10\.77\.0\.0\/24 drop/);
  });

  it("takes the name servers that hosts can reach", () => {
    assert.deepEqual(reachableNameservers("# x\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nsearch a\n"), [
      "192.0.2.1",
    ]);
    assert.deepEqual(reachableNameservers("nameserver ::1\noptions edns0\n"), []);
  });

  it("has a name that fits into file names and host names", () => {
    for (const good of ["dev", "a", "pair-2"]) assert.match(good, labName);
    for (const bad of ["", "Dev", "-a", "a-", "a/b", "..", "1a", "a".repeat(40), ".registry"])
      assert.doesNotMatch(bad, labName);
  });
});
