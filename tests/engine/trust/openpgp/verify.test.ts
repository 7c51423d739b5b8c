import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { type PublicKey, readPublicKeys } from "../../../../engine/trust/openpgp/publicKeys.ts";
import { UnknownSigner, verifyDetachedWith } from "../../../../engine/trust/openpgp/verify.ts";
import { GpgHome } from "../gpgHome.ts";
import { refused, streamOf } from "../verification.ts";

describe("a detached signature that gpg made", function () {
  this.timeout(120_000);
  const content = randomBytes(300_000);
  let home: GpgHome;

  before(async () => {
    home = await GpgHome.make();
  });
  after(() => home.remove());

  const keysOf = async (user: string): Promise<readonly PublicKey[]> =>
    readPublicKeys(await home.export(user), user);

  for (const [algorithm, name] of [
    ["rsa2048", "RSA 2048"],
    ["nistp256", "ECDSA P-256"],
    ["nistp384", "ECDSA P-384"],
    ["ed25519", "Ed25519"],
  ] as const) {
    it(`holds with ${name}, armored or not`, async () => {
      const user = `${algorithm}@example.com`;
      const fingerprint = await home.makeKey(user, { algorithm });
      for (const armor of [true, false]) {
        const signature = await home.sign(content, { by: [user], armor });
        const signer = await verifyDetachedWith(await keysOf(user), streamOf(content), signature);
        assert.deepEqual(signer, { scheme: "openpgp", key: fingerprint, identity: user });
      }
    });

    it(`does not hold with ${name} over another content`, async () => {
      const user = `${algorithm}@example.com`;
      const signature = await home.sign(content, { by: [user] });
      const tampered = Buffer.from(content);
      tampered[123_456] = (tampered[123_456] ?? 0) ^ 1;
      await refused(
        verifyDetachedWith(await keysOf(user), streamOf(tampered), signature),
        /^openpgp: invalid signature: (hash tag doesn't match|(RSA|DSA|ECDSA|EdDSA) verification failure)$/,
      );
    });
  }

  it("is by an unknown entity without its key", async () => {
    await home.makeKey("stranger@example.com");
    const signature = await home.sign(content, { by: ["stranger@example.com"] });
    const stream = streamOf(content);
    await assert.rejects(
      verifyDetachedWith(await keysOf("ed25519@example.com"), stream, signature),
      (error) => {
        assert.ok(error instanceof UnknownSigner);
        assert.equal(error.details.what, "openpgp: signature made by unknown entity");
        return true;
      },
    );
    assert.ok(stream.destroyed);
  });

  it("holds over text whose lines end otherwise than when it was signed", async () => {
    const signature = await home.sign(Buffer.from("one\ntwo\r\nthree\n\nfive"), {
      by: ["ed25519@example.com"],
      options: ["--textmode"],
    });
    const keys = await keysOf("ed25519@example.com");
    const pieces = ["one\r", "\ntwo", "\n", "three\r\n\n", "five"].map((piece) => Buffer.from(piece));
    await verifyDetachedWith(keys, Readable.from(pieces), signature);
    await refused(
      verifyDetachedWith(keys, streamOf(Buffer.from("one\ntwo\nthree\nfive")), signature),
      /hash tag doesn't match|verification failure/,
    );
  });

  it("may be by a subkey that signs, and names the primary key", async () => {
    const user = "subkey@example.com";
    const primary = await home.makeKey(user, { algorithm: "rsa2048", usage: "cert" });
    await home.run(["--quick-add-key", primary, "rsa2048", "sign", "0"]);
    const signer = await verifyDetachedWith(
      await keysOf(user),
      streamOf(content),
      await home.sign(content, { by: [user] }),
    );
    assert.equal(signer.key, primary);
  });

  it("counts when any one of several holds", async () => {
    const signature = await home.sign(content, { by: ["stranger@example.com", "rsa2048@example.com"] });
    const signer = await verifyDetachedWith(
      await keysOf("rsa2048@example.com"),
      streamOf(content),
      signature,
    );
    assert.equal(signer.identity, "rsa2048@example.com");
  });

  it("counts in whichever of several armored blocks it is", async () => {
    const files = await Promise.resolve([
      await home.sign(content, { by: ["stranger@example.com"], armor: true }),
      await home.sign(content, { by: ["rsa2048@example.com"], armor: true }),
    ]);
    const keys = await keysOf("rsa2048@example.com");
    await verifyDetachedWith(keys, streamOf(content), Buffer.concat(files));
  });

  for (const [digest, said] of [
    ["SHA1", "SHA-1"],
    ["RIPEMD160", "RIPEMD-160"],
    ["MD5", "MD5"],
  ] as const) {
    it(`is refused when made with ${said}`, async () => {
      const by = ["rsa2048@example.com"];
      const signature = await home.sign(content, { by, options: ["--digest-algo", digest] });
      const error = await refused(
        verifyDetachedWith(await keysOf("rsa2048@example.com"), streamOf(content), signature),
        new RegExp(`made with ${said}, which can be forged$`),
      );
      assert.match(error.details.remedy ?? "", /--digest-algo SHA512/);
    });
  }

  for (const digest of ["SHA224", "SHA256", "SHA384", "SHA512"]) {
    it(`holds with ${digest}`, async () => {
      const by = ["rsa2048@example.com"];
      const signature = await home.sign(content, { by, options: ["--digest-algo", digest] });
      await verifyDetachedWith(await keysOf("rsa2048@example.com"), streamOf(content), signature);
    });
  }

  it("is refused with a curve that is not supported, by name", async () => {
    const by = ["brainpool@example.com"];
    await home.makeKey("brainpool@example.com", { algorithm: "brainpoolP256r1" });
    const signature = await home.sign(content, { by });
    await refused(
      verifyDetachedWith(await keysOf("brainpool@example.com"), streamOf(content), signature),
      /^openpgp: unsupported feature: curve brainpoolP256r1$/,
    );
  });

  it("holds with a key that is certified with SHA-1, and not with one that is with MD5", async () => {
    for (const [digest, outcome] of [
      ["SHA1", undefined],
      ["MD5", /^openpgp: signature made by a key that may not sign$/],
    ] as const) {
      const user = `${digest.toLowerCase()}@example.com`;
      await home.makeKey(user, { algorithm: "rsa2048", options: ["--cert-digest-algo", digest] });
      const signature = await home.sign(content, { by: [user], options: ["--digest-algo", "SHA256"] });
      const verification = verifyDetachedWith(await keysOf(user), streamOf(content), signature);
      if (outcome === undefined) await verification;
      else
        assert.match(
          (await refused(verification, outcome)).details.got ?? "",
          /Insecure hash algorithm: MD5/,
        );
    }
  });

  it("is refused when RSA has only 1024 bits", async () => {
    const user = "short@example.com";
    await home.makeKey(user, { algorithm: "rsa1024" });
    const signature = await home.sign(content, { by: [user] });
    const error = await refused(
      verifyDetachedWith(await keysOf(user), streamOf(content), signature),
      /^openpgp: signature made by a key that may not sign$/,
    );
    assert.match(error.details.got ?? "", /too weak/);
  });
});
