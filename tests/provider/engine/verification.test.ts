import assert from "node:assert/strict";
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import * as openpgp from "openpgp";

import { Fault } from "../../../errors/fault.ts";
import { type CandidatePackage, verifyPackage } from "../../../provider/engine/verification.ts";
import { type Key, newKey, PackageFolder } from "./signed-package.ts";

const day = 86_400_000;

async function assertRefused(candidate: CandidatePackage, reason: RegExp): Promise<void> {
  await assert.rejects(verifyPackage(candidate), (error) => {
    assert.ok(error instanceof Fault, String(error));
    assert.match(error.message, /no host is touched/);
    assert.match(error.message, reason);
    return true;
  });
}

describe("the engine's package, before a host gets it", () => {
  let key: Key;
  let files: PackageFolder;

  before(async () => {
    key = await newKey();
  });

  beforeEach(async () => {
    files = new PackageFolder();
    await files.pack();
    await files.sign(key);
  });

  afterEach(() => {
    files.remove();
  });

  it("is taken when the pinned key signed it, and is then known by its hash", async () => {
    assert.deepEqual(await verifyPackage(files.candidate(key, { sha256: files.sha256() })), {
      path: files.deb,
      sha256: files.sha256(),
      size: readFileSync(files.deb).length,
      name: "rktnetes-engine",
      version: "0.1.0+1",
      architecture: "amd64",
      signer: `Stand-in (${key.fingerprint})`,
    });
  });

  it("is taken with a signature that is not armored", async () => {
    const armored = readFileSync(files.signature, "utf8");
    const binary: unknown = (await openpgp.readSignature({ armoredSignature: armored })).write();
    assert.ok(binary instanceof Uint8Array);
    writeFileSync(files.signature, binary);
    await verifyPackage(files.candidate(key));
  });

  it("is refused without a signature", async () => {
    rmSync(files.signature);
    await assertRefused(files.candidate(key), /it is unsigned/);
  });

  it("is refused when something else lies where its signature should", async () => {
    writeFileSync(files.signature, "no signature at all\n");
    await assertRefused(files.candidate(key), /no valid signatures found/);
  });

  it("is refused when another key signed it", async () => {
    const pinned = readFileSync(files.key);
    await files.sign(await newKey());
    writeFileSync(files.key, pinned);
    await assertRefused(files.candidate(key), /signature made by unknown entity/);
  });

  it("is refused when the key beside it is not the pinned one, though it signed", async () => {
    const other = await newKey();
    await files.sign(other);
    await assertRefused(files.candidate(key), /the key that was given is not the pinned one/);
  });

  it("is refused when one byte of it is another", async () => {
    const bytes = readFileSync(files.deb);
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
    writeFileSync(files.deb, bytes);
    await assertRefused(files.candidate(key), /invalid signature/);
  });

  it("is refused when it is cut off", async () => {
    truncateSync(files.deb, 300);
    await assertRefused(files.candidate(key), /invalid signature/);
  });

  it("is refused when something is added behind it", async () => {
    appendFileSync(files.deb, "more");
    await assertRefused(files.candidate(key), /invalid signature/);
  });

  it("is refused when it was signed though it was cut off before", async () => {
    truncateSync(files.deb, 300);
    await files.sign(key);
    await assertRefused(files.candidate(key), /not a usable Debian package: it is cut off/);
  });

  it("is refused when its bytes are not the pinned ones", async () => {
    await assertRefused(files.candidate(key, { sha256: "0".repeat(64) }), /not the pinned ones/);
  });

  it("is refused when its key has expired", async () => {
    const expired = await newKey({ date: new Date(Date.now() - 10 * day), seconds: 86_400 });
    await files.sign(expired, { date: new Date(Date.now() - 9.5 * day) });
    await assertRefused(files.candidate(expired), /key expired/);
  });

  it("is refused when its key was revoked", async () => {
    const { publicKey } = await openpgp.revokeKey({
      key: key.privateKey.toPublic(),
      revocationCertificate: key.revocation,
      format: "object",
    });
    writeFileSync(files.key, publicKey.armor());
    await assertRefused(files.candidate(key), /revoked key/);
  });

  it("is refused when the signature is over a weak digest", async () => {
    files.signOver("SHA1", key);
    await assertRefused(files.candidate(key), /SHA-1, which can be forged/);
  });

  it("is refused when it is for another architecture", async () => {
    await assertRefused(
      files.candidate(key, { architecture: "arm64" }),
      /another architecture[^]*got: +amd64[^]*allowed: arm64/,
    );
  });

  it("is refused when it is another program's package", async () => {
    await files.pack({ Package: "nginx" });
    await files.sign(key);
    await assertRefused(files.candidate(key), /another package[^]*nginx/);
  });

  it("is refused when it is no Debian package", async () => {
    writeFileSync(files.deb, "hello");
    await files.sign(key);
    await assertRefused(files.candidate(key), /not a usable Debian package/);
  });

  it("is refused when it is not there", async () => {
    await assertRefused(files.candidate(key, { path: join(files.folder, "absent.deb") }), /cannot be read/);
  });
});

describe("upstream's package, of which nobody prolongs the key any more", () => {
  let key: Key;
  let files: PackageFolder;

  before(async () => {
    key = await newKey({ date: new Date(Date.now() - 1000 * day), seconds: 100 * 86_400 });
    files = new PackageFolder();
    await files.pack({ Package: "rkt", Version: "1.30.0-1" });
    await files.sign(key, { date: new Date(Date.now() - 990 * day) });
  });

  after(() => {
    files.remove();
  });

  it("is judged at the time of its signature, its bytes pinned", async () => {
    const verified = await verifyPackage(files.candidate(key, { historical: true, sha256: files.sha256() }));
    assert.equal(verified.name, "rkt");
  });

  it("is refused without its bytes pinned", async () => {
    await assertRefused(files.candidate(key, { historical: true }), /needs its sha256 pinned/);
  });

  it("is refused where it is not asked for as such", async () => {
    await assertRefused(files.candidate(key), /key expired/);
  });

  it("is refused when it was signed after its key had ended", async () => {
    const late = new PackageFolder();
    try {
      await late.pack({ Package: "rkt" });
      const longer = await newKey({ date: new Date(Date.now() - 1000 * day) });
      await late.sign(longer, { date: new Date(Date.now() - 10 * day) });
      writeFileSync(late.key, (await expiring(longer, 100 * 86_400)).armor());
      await assertRefused(late.candidate(longer, { historical: true, sha256: late.sha256() }), /key expired/);
    } finally {
      late.remove();
    }
  });
});

/** The same key, with an end. */
async function expiring({ privateKey }: Key, seconds: number): Promise<openpgp.PublicKey> {
  const { publicKey } = await openpgp.reformatKey({
    privateKey,
    userIDs: [{ name: "Stand-in" }],
    keyExpirationTime: seconds,
    date: new Date(privateKey.getCreationTime().getTime() + 1000),
    format: "object",
  });
  return publicKey;
}
