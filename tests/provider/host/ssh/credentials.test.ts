import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { connectionSchema } from "../../../../provider/host/connection.ts";
import { credentialsOf } from "../../../../provider/host/ssh/credentials.ts";

const connection = (parts: object) => connectionSchema.parse({ address: "192.0.2.1", ...parts });
const openSsh = ssh2.utils.generateKeyPairSync("ed25519", {
  passphrase: "sesame",
  cipher: "aes256-ctr",
  rounds: 4,
});

describe("credentials", () => {
  for (const type of ["ed25519", "rsa", "ec"] as const) {
    it(`read a PKCS#8 key of type ${type}`, async () => {
      const pair =
        type === "rsa"
          ? generateKeyPairSync("rsa", { modulusLength: 2048 })
          : type === "ec"
            ? generateKeyPairSync("ec", { namedCurve: "P-256" })
            : generateKeyPairSync("ed25519");
      const privateKey = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      const credentials = await credentialsOf("one", connection({ privateKey }));
      assert.ok(typeof credentials.privateKey === "string");
      const parsed = ssh2.utils.parseKey(credentials.privateKey);
      assert.ok(!(parsed instanceof Error));
      const data = Buffer.from("to be signed");
      const signature = parsed.sign(data);
      assert.ok(Buffer.isBuffer(signature));
      assert.equal(parsed.verify(data, signature), true);
    });
  }

  it("read an encrypted key from a file with its passphrase", async () => {
    const folder = await mkdtemp(join(tmpdir(), "credentials-"));
    try {
      const keyFile = join(folder, "id");
      await writeFile(keyFile, openSsh.private);
      const credentials = await credentialsOf("one", connection({ keyFile, passphrase: "sesame" }));
      assert.equal(credentials.passphrase, "sesame");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("say that a key is encrypted before anything is dialed, and never show it", async () => {
    await assert.rejects(
      credentialsOf("one", connection({ privateKey: openSsh.private })),
      (error: Error) => {
        assert.match(error.message, /the private key is encrypted/);
        assert.match(error.message, /passphrase/);
        assert.ok(!error.message.includes(openSsh.private.split("\n")[1] ?? "-"));
        return true;
      },
    );
  });

  it("say so when a passphrase is wrong, a file is missing, or nothing was given", async () => {
    const wrong = connection({ privateKey: openSsh.private, passphrase: "open" });
    await assert.rejects(credentialsOf("one", wrong), /cannot be used/);
    await assert.rejects(credentialsOf("one", connection({ keyFile: "/nonexistent/id" })), /cannot be read/);
    await assert.rejects(credentialsOf("one", connection({})), /no key to log in with/);
  });

  it("name the agent", async () => {
    const credentials = await credentialsOf("one", connection({ agent: "/run/agent.sock" }));
    assert.deepEqual(credentials, { agent: "/run/agent.sock" });
  });
});
