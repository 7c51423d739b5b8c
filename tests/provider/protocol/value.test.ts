import assert from "node:assert/strict";
import { inspect } from "node:util";
import {
  containsSecret,
  containsUnknown,
  isList,
  isMap,
  reveal,
  sameValue,
  Secret,
  UNKNOWN,
  type Value,
} from "../../../provider/protocol/value.ts";

describe("values", () => {
  it("tell maps and lists from envelopes", () => {
    assert.equal(isMap({ a: 1 }), true);
    assert.equal(isMap([1]), false);
    assert.equal(isMap(null), false);
    assert.equal(isMap(new Secret({ a: 1 })), false);
    assert.equal(isMap(UNKNOWN), false);
    assert.equal(isList([1]), true);
    assert.equal(isList(new Secret([1])), false);
  });

  it("are revealed at every depth, and what is unknown stays so", () => {
    const value: Value = { a: [new Secret({ b: new Secret("c") })], d: UNKNOWN, e: new Secret(UNKNOWN) };
    assert.deepEqual(reveal(value), { a: [{ b: "c" }], d: UNKNOWN, e: UNKNOWN });
  });

  it("show a secret or an unknown at any depth", () => {
    assert.equal(containsSecret({ a: [{ b: new Secret(1) }] }), true);
    assert.equal(containsSecret({ a: [{ b: 1 }] }), false);
    assert.equal(containsUnknown({ a: [new Secret({ b: UNKNOWN })] }), true);
    assert.equal(containsUnknown({ a: [new Secret({ b: 1 })] }), false);
  });

  it("keep a secret out of JSON, text and Node's own inspection", () => {
    const secret = new Secret("hunter2");
    assert.equal(JSON.stringify({ secret }), '{"secret":"[secret]"}');
    assert.equal(String(secret), "[secret]");
    assert.doesNotMatch(inspect({ nested: { secret } }, { depth: 9 }), /hunter2/);
  });

  describe("compared", () => {
    const same: [string, Value, Value][] = [
      ["equal scalars", "a", "a"],
      ["a secret and the plain value in it", new Secret("a"), "a"],
      ["a secret in a secret and the plain value", "a", new Secret(new Secret("a"))],
      ["maps whatever the order of their keys", { a: 1, b: 2 }, { b: 2, a: 1 }],
      ["an absent key and a null one", { a: null }, {}],
      ["nested lists", [[1], [{ a: new Secret(2) }]], [[1], [{ a: 2 }]]],
    ];
    for (const [name, left, right] of same) {
      it(`are the same: ${name}`, () => {
        assert.equal(sameValue(left, right), true);
        assert.equal(sameValue(right, left), true);
      });
    }
    const different: [string, Value, Value][] = [
      ["a number and its text", 1, "1"],
      ["false and null", false, null],
      ["lists of another length", [1], [1, null]],
      ["a list and a map", [], {}],
      ["a map and a scalar", { a: 1 }, "a"],
      ["one more key", { a: 1 }, { a: 1, b: 2 }],
      ["two unknowns", UNKNOWN, UNKNOWN],
      ["an unknown within a secret", new Secret(UNKNOWN), "a"],
    ];
    for (const [name, left, right] of different) {
      it(`differ: ${name}`, () => {
        assert.equal(sameValue(left, right), false);
        assert.equal(sameValue(right, left), false);
      });
    }
  });
});
