import assert from "node:assert/strict";
import fc from "fast-check";
import { imageNameOf, parseKeyPrefix, prefixCovers, prefixesOf } from "../../../engine/trust/prefix.ts";
import { Fault } from "../../../errors/fault.ts";

const component = fc.stringMatching(/^[a-z0-9]+([-._~][a-z0-9]+)?$/);
const name = fc.array(component, { minLength: 1, maxLength: 5 }).map((components) => components.join("/"));

describe("a prefix", () => {
  it("covers the name itself and what is below it", () => {
    fc.assert(
      fc.property(
        name,
        name,
        (prefix, rest) => prefixCovers(prefix, prefix) && prefixCovers(prefix, `${prefix}/${rest}`),
      ),
    );
  });

  it("does not cover a name that only begins with the same letters", () => {
    fc.assert(fc.property(name, component, (prefix, more) => !prefixCovers(prefix, `${prefix}${more}`)));
  });

  it("covers a name exactly when it is among the name's prefixes", () => {
    fc.assert(
      fc.property(name, name, (prefix, of) => prefixCovers(prefix, of) === prefixesOf(of).includes(prefix)),
    );
  });

  it("comes in an order from the widest to the name", () => {
    assert.deepEqual(prefixesOf("example.com/a/b"), ["example.com", "example.com/a", "example.com/a/b"]);
  });

  it("may be written with a star below it", () => {
    assert.equal(parseKeyPrefix("example.com/foo/*"), "example.com/foo");
  });

  it("has no scheme", () => {
    assert.throws(() => parseKeyPrefix("https://example.com"), {
      message: "--prefix must not contain a URL scheme, omit https://",
    });
  });

  it("never leaves the folder of keys", () => {
    const wild = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom("..", ".", "a", "/", "", "-", "*")).map((a) => a.join("/")),
    );
    fc.assert(
      fc.property(wild, (text) => {
        try {
          assert.match(imageNameOf(text), /^[a-z0-9][a-z0-9\-._~/]*$/);
          assert.ok(!imageNameOf(text).split("/").includes(".."));
        } catch (error) {
          assert.ok(error instanceof Fault);
        }
      }),
    );
  });
});
