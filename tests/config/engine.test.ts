import assert from "node:assert/strict";
import { engineSchema } from "../../config/schema.ts";

const signed = { key: "key.asc", fingerprint: "0".repeat(40) };
const sha256 = "a".repeat(64);
const file = { file: "x.deb", signature: "x.deb.asc" };
const url = { url: "https://example.com/x.deb" };

function mistakesOf(source: object): readonly string[] {
  const parsed = engineSchema.safeParse({ package: { ...signed, ...source } });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("a package of the engine in the configuration", () => {
  it("is a file with its signature, or an address with its checksum", () => {
    assert.deepEqual(mistakesOf(file), []);
    assert.deepEqual(mistakesOf({ ...url, sha256 }), []);
    assert.deepEqual(mistakesOf({ ...url, sha256, signatureUrl: "https://example.com/x.sig" }), []);
  });

  for (const [what, source, mistake] of [
    ["neither", {}, /^package: either file, with its signature beside it, or url$/],
    ["both", { ...file, ...url, sha256 }, /^package: either file/],
    ["a file without its signature", { file: "x.deb" }, /^package\.signature: the signature of a file/],
    ["an address without its checksum", url, /^package\.sha256: the sha256 of what the url gives$/],
    ["an address of another kind", { url: "ftp://example.com/x.deb", sha256 }, /^package\.url: /],
    ["the address of a file's signature", { ...file, signatureUrl: url.url }, /^package\.signatureUrl: /],
    ["upstream's without its checksum", { ...file, historical: true }, /^package\.sha256: .*history$/],
  ] as const) {
    it(`is not ${what}`, () => {
      assert.match(mistakesOf(source)[0] ?? "", mistake);
    });
  }
});
