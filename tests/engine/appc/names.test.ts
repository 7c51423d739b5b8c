import assert from "node:assert/strict";
import fc from "fast-check";
import {
  acIdentifierMistake,
  acNameMistake,
  environmentNameMistake,
  imageIdMistake,
  versionMistake,
} from "../../../engine/appc/names.ts";

describe("names", () => {
  it("tells what is wrong with an app's name", () => {
    assert.equal(acNameMistake("nginx-1"), undefined);
    assert.equal(acNameMistake(""), "ACName cannot be empty");
    assert.match(acNameMistake("Nginx") ?? "", /only lower case alphanumeric characters plus "-"/);
    assert.match(acNameMistake("-nginx") ?? "", /must start and end/);
  });

  it("lets no name through that is more than one folder's", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (acNameMistake(text) === undefined) assert.match(text, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
      }),
    );
  });

  it("lets dots and slashes be inside an identifier only", () => {
    assert.equal(acIdentifierMistake("example.com/reduce-worker~1_a"), undefined);
    for (const bad of ["", "/etc", "a/", "../x", "A", "a b", "a:b"]) {
      assert.notEqual(acIdentifierMistake(bad), undefined, bad);
    }
  });

  it("takes sha512 ids of any length and nothing else", () => {
    assert.equal(imageIdMistake("sha512-06c733b18381"), undefined);
    assert.equal(imageIdMistake("06c733"), "badly formatted hash string");
    assert.equal(imageIdMistake("sha256-06c733"), "unrecognized hash type: sha256");
    assert.equal(imageIdMistake("sha512-"), "unexpected empty hash value");
    assert.notEqual(imageIdMistake("sha512-../../x"), undefined);
  });

  it("knows names of variables and versions", () => {
    assert.equal(environmentNameMistake("PATH"), undefined);
    assert.notEqual(environmentNameMistake("1A"), undefined);
    assert.equal(versionMistake("0.8.11+git"), undefined);
    assert.equal(versionMistake("0.8"), "SemVer is bad");
    assert.equal(versionMistake("0.0.0"), "SemVer cannot be zero");
  });
});
