import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import {
  fingerprint,
  hostKeyAlgorithms,
  hostKeyMistake,
  hostKeyText,
  isPinned,
  wrongHostKey,
} from "../../../../provider/host/ssh/host-key.ts";

function ed25519Key(): string {
  const { publicKey } = generateKeyPairSync("ed25519");
  const point = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const parts = [Buffer.from("ssh-ed25519"), point].flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  return `ssh-ed25519 ${Buffer.concat(parts).toString("base64")}`;
}

describe("host keys", () => {
  const key = ed25519Key();

  it("are accepted when pinned, whatever comment follows them", () => {
    const shown = hostKeyText(Buffer.from(key.split(" ")[1] ?? "", "base64"));
    assert.equal(shown, key);
    assert.equal(isPinned(shown, [`${key} root@one`]), true);
    assert.equal(isPinned(shown, [ed25519Key()]), false);
    assert.equal(isPinned(shown, []), false);
  });

  it("decide which algorithms are offered, so that the host shows a pinned one", () => {
    assert.deepEqual(hostKeyAlgorithms([key]), ["ssh-ed25519"]);
    assert.deepEqual(hostKeyAlgorithms(["ssh-rsa AAAA"]), ["rsa-sha2-512", "rsa-sha2-256"]);
    assert.ok(hostKeyAlgorithms([]).length >= 6);
  });

  it("are checked for their form before anything is dialed", () => {
    assert.equal(hostKeyMistake(key), undefined);
    assert.match(hostKeyMistake("AAAA") ?? "", /not of the form/);
    assert.match(hostKeyMistake("ssh-dss AAAA") ?? "", /ssh-dss/);
    assert.match(hostKeyMistake(`ssh-rsa ${key.split(" ")[1] ?? ""}`) ?? "", /not that of a ssh-rsa key/);
  });

  it("of another kind are refused with what was shown, what is pinned, and what to do", () => {
    const other = ed25519Key();
    const { message } = wrongHostKey("one", other, [key]);
    assert.ok(message.includes(fingerprint(other)));
    assert.ok(message.includes(fingerprint(key)));
    assert.match(message, /remedy:/);
  });
});
