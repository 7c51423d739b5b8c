/** Keys and signatures in the forms that gpg 2.2 does not make: by openpgp.js, of version 6, of version 3, malformed. */
import assert from "node:assert/strict";
import { createHash, createPrivateKey, type KeyObject, randomBytes, sign as signBytes } from "node:crypto";
import { Readable } from "node:stream";
import fc from "fast-check";
import * as openpgp from "openpgp";
import { Fault } from "../../../../errors/fault.ts";
import {
  type PublicKey,
  readPublicKeys,
  spacedFingerprint,
} from "../../../../engine/trust/openpgp/publicKeys.ts";
import { verifyDetachedWith } from "../../../../engine/trust/openpgp/verify.ts";
import { refused, streamOf } from "../verification.ts";

type Options = Parameters<typeof openpgp.generateKey>[0];

const content = randomBytes(100_000);
const userIDs = [{ name: "Test Signer", email: "t@example.com" }];

async function generate(options: Partial<Options> = {}): Promise<openpgp.PrivateKey> {
  const { privateKey } = await openpgp.generateKey({ type: "ecc", userIDs, ...options, format: "object" });
  return privateKey;
}

async function publicOf(key: openpgp.Key): Promise<readonly PublicKey[]> {
  return readPublicKeys(key.toPublic().write(), "key");
}

async function sign(signingKeys: openpgp.PrivateKey | openpgp.PrivateKey[], more = {}): Promise<Uint8Array> {
  const message = await openpgp.createMessage({ binary: new Uint8Array(content) });
  const signature: unknown = await openpgp.sign({
    message,
    signingKeys,
    detached: true,
    format: "binary",
    ...more,
  });
  assert.ok(signature instanceof Uint8Array);
  return signature;
}

describe("a detached signature that openpgp.js made", () => {
  for (const [name, options] of [
    ["Ed25519", { type: "curve25519" }],
    ["Ed448", { type: "curve448" }],
    ["EdDSA of old", { type: "ecc", curve: "ed25519Legacy" }],
    ["ECDSA P-521", { type: "ecc", curve: "nistP521" }],
    ["RSA 2048", { type: "rsa", rsaBits: 2048 }],
  ] as const) {
    it(`holds with ${name}`, async function () {
      this.timeout(60_000);
      const key = await generate(options);
      const signer = await verifyDetachedWith(await publicOf(key), streamOf(content), await sign(key));
      assert.equal(signer.key, key.getFingerprint());
      assert.equal(signer.identity, "Test Signer <t@example.com>");
    });
  }

  it("holds in version 6, whose digest begins with a salt", async () => {
    const key = await generate({ type: "curve25519", config: { v6Keys: true } });
    const keys = await publicOf(key);
    assert.equal(keys[0]?.fingerprint.length, 64);
    const signature = await sign(key);
    await verifyDetachedWith(keys, streamOf(content), signature);
    await refused(
      verifyDetachedWith(keys, streamOf(content.subarray(1)), signature),
      /hash tag doesn't match|verification failure/,
    );
  });

  it("holds in version 6 together with one of version 4, each hashed in its way", async () => {
    const [six, four] = [await generate({ type: "curve25519", config: { v6Keys: true } }), await generate()];
    const signature = await sign([four, six]);
    for (const key of [six, four]) {
      const signer = await verifyDetachedWith(await publicOf(key), streamOf(content), signature);
      assert.equal(signer.key, key.getFingerprint());
    }
  });

  it("is refused from a subkey that never said it belongs to its key", async () => {
    // Otherwise anybody could bind another's signing subkey to a key of their own, and pass for the signer.
    const key = await generate({ subkeys: [{ sign: true }] });
    const signature = await sign(key);
    await verifyDetachedWith(await publicOf(key), streamOf(content), signature);
    for (const subkey of key.subkeys) {
      const [binding] = subkey.bindingSignatures;
      assert.ok(binding);
      binding.embeddedSignature = null;
      binding.rawNotations = [];
      const bound = { key: key.keyPacket, bind: subkey.keyPacket };
      const resign: unknown = Reflect.get(binding, "sign");
      assert.ok(typeof resign === "function");
      await Reflect.apply(resign, binding, [key.keyPacket, bound, new Date(), false, openpgp.config]);
    }
    const error = await refused(
      verifyDetachedWith(await publicOf(key), streamOf(content), signature),
      /^openpgp: signature made by a key that may not sign$/,
    );
    assert.match(error.details.got ?? "", /embedded signature/);
  });

  it("is refused when a part that is critical is not understood", async () => {
    const key = await generate();
    const signature = await sign(key, {
      signatureNotations: [
        { name: "until@example.com", value: Buffer.from("noon"), humanReadable: true, critical: true },
      ],
    });
    await refused(
      verifyDetachedWith(await publicOf(key), streamOf(content), signature),
      /^openpgp: invalid signature: Unknown critical notation: until@example\.com$/,
    );
  });

  it("is refused when it is of another type than over a content", async () => {
    const key = await generate();
    const [certification] = key.users.flatMap((user) => user.selfCertifications);
    assert.ok(certification);
    const list = new openpgp.PacketList<openpgp.SignaturePacket>();
    list.push(certification);
    await refused(
      verifyDetachedWith(await publicOf(key), streamOf(content), list.write()),
      /^openpgp: unsupported feature: a signature of type 19 is not over a content$/,
    );
  });

  it("is refused when its key fails to arrive whole", async () => {
    const key = await generate();
    const signature = await sign(key);
    const broken = new Readable({ read: () => undefined });
    const verification = verifyDetachedWith(await publicOf(key), broken, signature);
    broken.destroy(new Error("the connection broke off"));
    await assert.rejects(verification, /the connection broke off/);
  });
});

describe("a signature of version 3", () => {
  let key: openpgp.PrivateKey;
  let rsa: KeyObject;

  before(async function () {
    this.timeout(60_000);
    key = await generate({ type: "rsa", rsaBits: 2048 });
    rsa = rsaKeyOf(key);
  });

  it("holds over a binary content", async () => {
    const signature = version3(rsa, key, content, { type: 0 });
    const signer = await verifyDetachedWith(await publicOf(key), streamOf(content), signature);
    assert.equal(signer.key, key.getFingerprint());
  });

  it("holds over text", async () => {
    const signature = version3(rsa, key, Buffer.from("one\r\ntwo\r\n"), { type: 1 });
    await verifyDetachedWith(await publicOf(key), streamOf(Buffer.from("one\ntwo\n")), signature);
  });

  it("does not hold over another content, another type or another time", async () => {
    const keys = await publicOf(key);
    const holdsNot = /hash tag doesn't match|RSA verification failure/;
    const signature = version3(rsa, key, content, { type: 0 });
    await refused(verifyDetachedWith(keys, streamOf(content.subarray(1)), signature), holdsNot);
    for (const at of [3 + 2, 3 + 6]) {
      const changed = Buffer.from(signature);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await refused(verifyDetachedWith(keys, streamOf(content), changed), holdsNot);
    }
  });

  it("is refused with SHA-1 as any other", async () => {
    const signature = version3(rsa, key, content, { type: 0, digest: ["sha1", 2] });
    await refused(verifyDetachedWith(await publicOf(key), streamOf(content), signature), /made with SHA-1/);
  });
});

describe("a file of signatures", () => {
  let key: openpgp.PrivateKey;
  let keys: readonly PublicKey[];
  let signature: Uint8Array;

  before(async () => {
    key = await generate({ type: "curve25519" });
    keys = await publicOf(key);
    signature = await sign(key);
  });

  const verify = (file: Uint8Array): Promise<unknown> => verifyDetachedWith(keys, streamOf(content), file);

  it("that holds none is told so", async () => {
    const none = /^keystore: no valid signatures found in signature file$/;
    await refused(verify(Buffer.alloc(0)), none);
    await refused(verify(Buffer.from("<html>Not found</html>")), none);
  });

  it("that is a key is told so", async () => {
    await refused(
      verify(Buffer.from(key.toPublic().armor())),
      /expected 'PGP SIGNATURE', got: PGP PUBLIC KEY BLOCK$/,
    );
  });

  it("may begin with talk, as mails do", async () => {
    const armored = (await openpgp.readSignature({ binarySignature: signature })).armor();
    await verify(Buffer.from(`signed by me:\n\n${armored}`));
  });

  it("is not read past a reasonable size or number", async () => {
    await refused(verify(Buffer.alloc(2 << 20, 0xc2)), /^keystore: the signature file is too large$/);
    const many = Array.from({ length: 33 }, () => signature);
    await refused(verify(Buffer.concat(many)), /^keystore: too many signatures in the signature file$/);
  });

  it("of which any byte was changed holds only where that byte is not signed, and never ends in anything but a fault", async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: signature.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const changed = Buffer.from(signature);
          changed[at] = (changed[at] ?? 0) ^ flip;
          try {
            const signer = await verifyDetachedWith(keys, Readable.from([content]), changed);
            assert.equal(signer.scheme, "openpgp");
          } catch (error) {
            assert.ok(error instanceof Fault, String(error));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("of arbitrary bytes ends in a fault", async function () {
    this.timeout(60_000);
    const packetlike = fc.tuple(
      fc.constantFrom(0x88, 0xc2, 0x89, 0xff, 0x99),
      fc.uint8Array({ maxLength: 60 }),
    );
    await fc.assert(
      fc.asyncProperty(packetlike, async ([first, rest]) => {
        await refused(verify(Buffer.from([first, ...rest])), /^(openpgp|keystore): /);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a file of keys", () => {
  it("of arbitrary bytes ends in a fault that names it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 80 }), async (bytes) => {
        await refused(readPublicKeys(bytes, "key.gpg"), /^key\.gpg holds no OpenPGP public key$/);
      }),
    );
  });

  it("shows fingerprints as gpg does", () => {
    assert.equal(
      spacedFingerprint("8b86de38890ddb7291867b025210bd8888182190"),
      "8B86 DE38 890D DB72 9186  7B02 5210 BD88 8818 2190",
    );
  });
});

/** The same key for node:crypto, which can sign as OpenPGP did thirty years ago. */
function rsaKeyOf(key: openpgp.PrivateKey): KeyObject {
  const { publicParams } = key.keyPacket;
  const privateParams = "privateParams" in key.keyPacket ? key.keyPacket.privateParams : null;
  const of = (params: object | null, name: string): bigint => {
    const value: unknown = params === null ? undefined : Reflect.get(params, name);
    assert.ok(value instanceof Uint8Array);
    return BigInt(`0x${Buffer.from(value).toString("hex")}`);
  };
  const [n, e, d] = [of(publicParams, "n"), of(publicParams, "e"), of(privateParams, "d")];
  const [p, q] = [of(privateParams, "p"), of(privateParams, "q")];
  const inverse = (value: bigint, modulus: bigint): bigint => {
    let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
    while (a > 1n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x];
    return ((x % modulus) + modulus) % modulus;
  };
  const text = (value: bigint): string => {
    const hex = value.toString(16);
    return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
  };
  return createPrivateKey({
    format: "jwk",
    key: {
      kty: "RSA",
      n: text(n),
      e: text(e),
      d: text(d),
      p: text(p),
      q: text(q),
      dp: text(d % (p - 1n)),
      dq: text(d % (q - 1n)),
      qi: text(inverse(q, p)),
    },
  });
}

/** RFC 4880, 5.2.2. */
function version3(
  rsa: KeyObject,
  key: openpgp.PrivateKey,
  signed: Uint8Array,
  {
    type,
    digest: [name, number] = ["sha256", 8],
  }: { readonly type: number; readonly digest?: [string, number] },
): Buffer {
  const time = Buffer.alloc(4);
  time.writeUInt32BE(Math.floor(Date.now() / 1000) + 1);
  const hashed = Buffer.concat([signed, Buffer.of(type), time]);
  const signature = signBytes(name, hashed, rsa);
  const bits = 8 * signature.length - Math.clz32(signature[0] ?? 0) + 24;
  const body = Buffer.concat([
    Buffer.of(3, 5, type),
    time,
    Buffer.from(key.getKeyID().toHex(), "hex"),
    Buffer.of(1, number),
    createHash(name).update(hashed).digest().subarray(0, 2),
    Buffer.of(bits >> 8, bits & 0xff),
    signature,
  ]);
  return Buffer.concat([Buffer.of(0x89, body.length >> 8, body.length & 0xff), body]);
}
