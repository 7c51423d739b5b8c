import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTrustStore } from "../../../engine/trust/openTrustStore.ts";
import type { Signer } from "../../../engine/trust/trustStore.ts";
import { GpgHome } from "./gpgHome.ts";
import { type Heard, listening, refused, streamOf } from "./verification.ts";

const content = Buffer.from("an image");

describe("the trust store", function () {
  this.timeout(60_000);
  let home: GpgHome;
  let key: Buffer;
  let fingerprint: string;
  let signature: Buffer;
  let folder: string;
  let folders: { readonly system: string; readonly local: string };
  let heard: Heard;

  before(async () => {
    home = await GpgHome.make();
    fingerprint = await home.makeKey("Test Signer <t@example.com>");
    key = await home.export("t@example.com");
    signature = await home.sign(content, { by: ["t@example.com"] });
  });
  after(() => home.remove());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "trust-"));
    folders = { system: join(folder, "system"), local: join(folder, "local") };
    heard = listening();
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = async (where: "system" | "local", path: string, bytes: Uint8Array): Promise<void> => {
    const file = join(folders[where], "trustedkeys", path);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, bytes);
  };
  const verify = async (name: string): Promise<Signer> =>
    (await openTrustStore(folders, heard)).verifyDetached(name, streamOf(content), signature);
  const unknown = /^openpgp: signature made by unknown entity$/;

  it("believes a key of the root for every name, and says who signed", async () => {
    for (const where of ["system", "local"] as const) {
      await put(where, `root.d/${fingerprint}`, key);
      assert.deepEqual(await verify("example.com/app"), {
        scheme: "openpgp",
        key: fingerprint,
        identity: "Test Signer <t@example.com>",
      });
      await rm(folders[where], { recursive: true });
    }
  });

  it("believes a key of a prefix for the names below it", async () => {
    await put("local", `prefix.d/example.com/team/${fingerprint}`, key);
    await verify("example.com/team");
    await verify("example.com/team/app");
    for (const name of [
      "example.com",
      "example.com/teams",
      "example.com/tea",
      "example.com/other",
      "other.com/team",
    ]) {
      await refused(verify(name), unknown);
    }
  });

  it("says what to do when nobody trusted signed", async () => {
    const error = await refused(verify("example.com/app"), unknown);
    assert.deepEqual(heard.lines, [
      "image: If you expected the signing key to change, try running:",
      "image:     rkt trust --prefix <image>",
    ]);
    assert.match(error.details.got ?? "", new RegExp(fingerprint));
  });

  it("says nothing of another key when the image was changed", async () => {
    await put("local", `root.d/${fingerprint}`, key);
    const store = await openTrustStore(folders, heard);
    await refused(
      store.verifyDetached("example.com/app", streamOf(Buffer.from("another")), signature),
      /^openpgp: invalid signature: hash tag doesn't match$|EdDSA verification failure/,
    );
    assert.deepEqual(heard.lines, []);
  });

  it("takes back the system's key by an empty file of its name", async () => {
    await put("system", `root.d/${fingerprint}`, key);
    await put("local", `root.d/${fingerprint}`, Buffer.alloc(0));
    await refused(verify("example.com/app"), unknown);
    await put("local", `prefix.d/example.com/${fingerprint}`, key);
    await verify("example.com/app");
  });

  it("takes back a root key below one prefix only", async () => {
    await put("system", `root.d/${fingerprint}`, key);
    await put("local", `prefix.d/example.com/team/${fingerprint}`, Buffer.alloc(0));
    await refused(verify("example.com/team/app"), unknown);
    await verify("example.com/app");
  });

  it("goes by what a file holds, not by its name", async () => {
    await put("local", "root.d/builders.gpg", await home.export("t@example.com", false));
    await verify("example.com/app");
    await put("local", `prefix.d/example.com/${fingerprint}`, Buffer.alloc(0));
    await refused(verify("example.com/app"), unknown);
  });

  it("believes every key of a file that holds several", async () => {
    await home.makeKey("second@example.com");
    const both = Buffer.concat([
      await home.export("second@example.com", false),
      await home.export("t@example.com", false),
    ]);
    await put("local", "root.d/both.gpg", both);
    await verify("example.com/app");
    const armored = Buffer.concat([await home.export("second@example.com"), key]);
    await put("local", "root.d/both.gpg", armored);
    await verify("example.com/app");
  });

  it("warns of a file that is no key, and goes on with the others", async () => {
    await put("local", "root.d/0-notes", Buffer.from("remember the milk"));
    await put("local", `root.d/${fingerprint}`, key);
    await verify("example.com/app");
    assert.match(
      heard.lines.join("\n"),
      /^warning: ignoring a trusted key: .*0-notes holds no OpenPGP public key/,
    );
  });

  it("knows a key as soon as it is there, and no longer than it is", async () => {
    const store = await openTrustStore(folders, heard);
    await put("local", `root.d/${fingerprint}`, key);
    await store.verifyDetached("example.com/app", streamOf(content), signature);
    await rm(join(folders.local, "trustedkeys", "root.d", fingerprint));
    await refused(store.verifyDetached("example.com/app", streamOf(content), signature), unknown);
  });

  it("tells when the image cannot be read, whatever it did meanwhile", async () => {
    await put("local", `root.d/${fingerprint}`, key);
    const store = await openTrustStore(folders, heard);
    const absent = createReadStream(join(folder, "absent"));
    await assert.rejects(store.verifyDetached("example.com/app", absent, signature), { code: "ENOENT" });
  });

  it("refuses a name that leads out of its folders", async () => {
    await refused(verify("example.com/../../etc"), /^ACIdentifier/);
  });
});
