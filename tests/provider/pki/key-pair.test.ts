import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { Secret, UNKNOWN } from "../../../provider/protocol/value.ts";
import { resourceOf, text } from "./kinds.ts";

describe("a pair of keys", () => {
  for (const [algorithm, type] of [
    ["EC-P256", "ec"],
    ["EC-P384", "ec"],
    ["RSA-2048", "rsa"],
  ] as const) {
    it(`of ${algorithm} signs what its public key verifies`, async () => {
      const { outputs } = await resourceOf("rktnetes:pki:KeyPair").up({ algorithm });
      const publicKey = createPublicKey(text(outputs, "publicKey"));
      const signature = sign("sha256", Buffer.from("token"), createPrivateKey(text(outputs, "privateKey")));
      assert.equal(publicKey.asymmetricKeyType, type);
      assert.equal(verify("sha256", Buffer.from("token"), publicKey, signature), true);
    });
  }

  it("stays while nothing changes; another generation is made in place and the former is still believed", async () => {
    const pair = resourceOf("rktnetes:pki:KeyPair");
    const { previewed, outputs: first } = await pair.up({});
    assert.deepEqual(previewed["privateKey"], new Secret(UNKNOWN));
    assert.equal((await pair.up({})).operation, "same");
    const run = await pair.up({ generation: 2 });
    assert.deepEqual(run.difference.changes, { generation: { kind: "update" } });
    assert.equal(run.previewed["publicKey"], UNKNOWN);
    assert.notDeepEqual(run.outputs["privateKey"], first["privateKey"]);
    assert.equal(run.outputs["bundle"], text(run.outputs, "publicKey") + text(first, "publicKey"));
    const fewer = await pair.up({ generation: 2, keep: 0 });
    assert.deepEqual(fewer.outputs["privateKey"], run.outputs["privateKey"]);
    assert.equal(fewer.outputs["bundle"], run.outputs["publicKey"]);
  });

  it("of an algorithm nobody knows is refused, with those that are allowed", async () => {
    const { failures } = await resourceOf("rktnetes:pki:KeyPair").up({ algorithm: "RSA-512" });
    assert.match(failures[0]?.reason ?? "", /"RSA-2048"[^]*got "RSA-512"/);
  });
});
