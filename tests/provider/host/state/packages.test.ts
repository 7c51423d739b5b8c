import assert from "node:assert/strict";
import { freshOf, missingPackages, removedOf } from "../../../../provider/host/state/apply/packages.ts";

const said = (text: string): { stdout: Buffer } => ({ stdout: Buffer.from(text) });

describe("packages", () => {
  it("are missing when they are not installed, or of another version than asked for", () => {
    const found = new Map([
      ["crun", "1.8.1-1"],
      ["socat", "1.7"],
    ]);
    assert.deepEqual(missingPackages({ crun: "", socat: "1.8", conntrack: "", tree: "2.1" }, found), [
      "socat=1.8",
      "conntrack",
      "tree=2.1",
    ]);
  });

  it("count as ours only when they were not there at all before", () => {
    const simulated = said(`Inst libyajl2 (2.1.0-5 Debian:13/stable [amd64])
Inst libc6 [2.41-11] (2.41-12 Debian:13/stable [amd64])
Inst crun (1.21-1 Debian:13/stable [amd64])
Conf crun (1.21-1 Debian:13/stable [amd64])
`);
    assert.deepEqual(freshOf(simulated), ["libyajl2", "crun"]);
  });

  it("that a purge would take are read from what apt says", () => {
    assert.deepEqual(
      removedOf(said("Reading…\nPurg crun [1.21-1]\nRemv podman [5.4]\nPurg crun [1.21-1]\n")),
      ["crun", "podman"],
    );
  });
});
