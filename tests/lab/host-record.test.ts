import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readHostRecord, recordOf, writeHostRecord } from "../../lab/host-record.ts";

const spec = { name: "one", network: "dev", address: "10.77.0.11", release: "trixie" } as const;
const hostKey = { privateKey: "private words", publicKey: "ssh-ed25519 AAAA root@one" };

describe("a lab host's record", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "record-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("comes back as it was written, whatever kind the host is", async () => {
    for (const made of [
      { kind: "nspawn", base: "/base", rootStyle: "overlay" },
      { kind: "kvm", base: "/base", rootStyle: "disk", memoryMiB: 2048, cpus: 2 },
    ] as const) {
      const record = recordOf(spec, { hostKey }, made);
      await writeHostRecord(folder, record);
      assert.deepEqual(await readHostRecord(folder), { ...spec, ...made, hostKeys: ["ssh-ed25519 AAAA"] });
    }
  });

  it("holds no private key", () => {
    const record = recordOf(spec, { hostKey }, { kind: "nspawn", base: "/base", rootStyle: "copy" });
    assert.ok(!JSON.stringify(record).includes(hostKey.privateKey));
  });
});
