import assert from "node:assert/strict";
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { type PublicKey, readPublicKeys } from "../../../../engine/trust/openpgp/publicKeys.ts";
import type { SignaturePolicy } from "../../../../engine/trust/openpgp/validity.ts";
import { verifyDetachedWith } from "../../../../engine/trust/openpgp/verify.ts";
import { GpgHome } from "../gpgHome.ts";
import { refused, streamOf } from "../verification.ts";

const content = Buffer.from("an image");
const whenSigned: SignaturePolicy = { validAt: "when-signed" };

describe("the time at which a key and its signature have to be valid", function () {
  this.timeout(120_000);
  let home: GpgHome;
  let users = 0;

  before(async () => {
    home = await GpgHome.make();
  });
  after(() => home.remove());

  const someone = (): string => `user${++users}@example.com`;
  const keysOf = async (user: string): Promise<readonly PublicKey[]> =>
    readPublicKeys(await home.export(user), user);
  const verify = async (user: string, signature: Uint8Array, policy?: SignaturePolicy): Promise<unknown> =>
    verifyDetachedWith(await keysOf(user), streamOf(content), signature, policy);

  it("is now: an expired key is refused, and its owner's new dates are what helps", async () => {
    const user = someone();
    const fingerprint = await home.makeKey(user, { at: "20200101T000000", expires: "1y" });
    const signature = await home.sign(content, { by: [user], at: "20200601T000000" });
    const error = await refused(verify(user, signature), /^openpgp: key expired$/);
    assert.match(error.details.got ?? "", /valid until 2020-12-31/);

    await home.run(["--quick-set-expire", fingerprint, "0"]);
    await verify(user, signature);
  });

  it("is the signature's own for what is history", async () => {
    const user = someone();
    await home.makeKey(user, { at: "20200101T000000", expires: "1y" });
    const signature = await home.sign(content, { by: [user], at: "20200601T000000" });
    await verify(user, signature, whenSigned);
  });

  it("is when it was signed, and a key that had expired then is refused still", async () => {
    const user = someone();
    const fingerprint = await home.makeKey(user, { at: "20200101T000000" });
    const signature = await home.sign(content, { by: [user], at: "20220601T000000" });
    await home.run(["--quick-set-expire", fingerprint, "2021-01-01"], "20200201T000000");
    await refused(verify(user, signature, whenSigned), /^openpgp: key expired$/);
  });

  it("counts for a subkey too", async () => {
    const user = someone();
    const fingerprint = await home.makeKey(user, { at: "20200101T000000", usage: "cert" });
    await home.run(["--quick-add-key", fingerprint, "ed25519", "sign", "1y"], "20200101T000000");
    const signature = await home.sign(content, { by: [user], at: "20200601T000000" });
    const error = await refused(verify(user, signature), /^openpgp: key expired$/);
    assert.match(error.details.got ?? "", /subkey of/);
    await verify(user, signature, whenSigned);
  });

  it("ends when the signature says so", async () => {
    const user = someone();
    await home.makeKey(user, { at: "20200101T000000" });
    const options = ["--default-sig-expire", "1m"];
    const signature = await home.sign(content, { by: [user], at: "20200601T000000", options });
    await refused(verify(user, signature), /^openpgp: signature expired$/);
    await verify(user, signature, { validAt: "now", now: new Date("2020-06-15") });
    await verify(user, signature, whenSigned);
  });

  it("does not begin in the future", async () => {
    const user = someone();
    await home.makeKey(user, { at: "20200101T000000" });
    const signature = await home.sign(content, { by: [user], at: "20200601T120000" });
    for (const validAt of ["now", "when-signed"] as const) {
      const now = new Date("2020-06-01T11:54:00Z");
      await refused(verify(user, signature, { validAt, now }), /^openpgp: signature made in the future$/);
    }
    await verify(user, signature, { validAt: "now", now: new Date("2020-06-01T11:56:00Z") });
  });

  it("does not begin before the key", async () => {
    const user = someone();
    const options = ["--ignore-time-conflict"];
    await home.makeKey(user, { at: "20200601T000000" });
    const signature = await home.sign(content, { by: [user], at: "20200501T000000", options });
    await refused(verify(user, signature), /^openpgp: signature made before its key$/);
    await refused(verify(user, signature, whenSigned), /^openpgp: signature made before its key$/);
  });

  for (const [reason, code] of [
    ["compromised", "1"],
    ["superseded", "2"],
    ["retired", "3"],
  ] as const) {
    it(`is over once the key is revoked as ${reason}, whenever the signature was made`, async () => {
      const user = someone();
      const fingerprint = await home.makeKey(user, { at: "20200101T000000" });
      const signature = await home.sign(content, { by: [user], at: "20200601T000000" });
      await verify(user, signature);
      await revoke(home, fingerprint, code);
      await refused(verify(user, signature), /^openpgp: signature made by revoked key$/);
      await refused(verify(user, signature, whenSigned), /^openpgp: signature made by revoked key$/);
    });
  }

  it("is over for a revoked subkey, and goes on for the others", async () => {
    const user = someone();
    const fingerprint = await home.makeKey(user, { usage: "cert" });
    await home.run(["--quick-add-key", fingerprint, "ed25519", "sign", "0"]);
    const signature = await home.sign(content, { by: [user] });
    await home.edit(fingerprint, ["key 1", "revkey", "y", "0", "", "y", "save"]);
    await home.run(["--quick-add-key", fingerprint, "ed25519", "sign", "0"]);
    await refused(verify(user, signature), /^openpgp: signature made by revoked key$/);
    await verify(user, await home.sign(content, { by: [user] }));
  });

  it("never comes for a key that is not for signing", async () => {
    const user = someone();
    const fingerprint = await home.makeKey(user, { usage: "sign" });
    const signature = await home.sign(content, { by: [user] });
    await home.edit(fingerprint, ["change-usage", "S", "Q", "save"]);
    await refused(verify(user, signature), /^openpgp: signature made by a key that may not sign$/);
  });
});

/** Imports the revocation that gpg laid by when it made the key, with another reason. */
async function revoke(home: GpgHome, fingerprint: string, reason: string): Promise<void> {
  const file = join(home.folder, "revocation");
  await home.answer(["--output", file, "--gen-revoke", fingerprint], ["y", reason, "", "y"]);
  assert.ok((await readFile(file)).length > 0);
  await home.run(["--import", file]);
}
