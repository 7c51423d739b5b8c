import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bytes,
  double,
  flag,
  int32,
  int32List,
  int64,
  int64List,
  list,
  map,
  nested,
  oneOf,
  text,
  textList,
  uint32,
  uint64,
} from "../../../../engine/cri/protobuf/fields.ts";
import { message } from "../../../../engine/cri/protobuf/message.ts";
import { WireError } from "../../../../engine/cri/protobuf/wire.ts";

const inner = message({ name: text(1), count: int64(2) });
const whole = message({
  text: text(1),
  bytes: bytes(2),
  flag: flag(3),
  double: double(4),
  int32: int32(5),
  int64: int64(6),
  uint32: uint32(7),
  uint64: uint64(8),
  texts: textList(9),
  numbers: int64List(10),
  small: int32List(11),
  choice: oneOf(12, ["NONE", "ONE", "TWO"]),
  inner: nested(13, inner),
  inners: list(14, inner),
  map: map(1000),
});

const plain = { noNullPrototype: true } as const;
const int64s = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const someInner = fc.record({ name: fc.string({ unit: "grapheme" }), count: int64s }, plain);
const values = fc.record(
  {
    text: fc.string({ unit: "grapheme" }),
    bytes: fc.uint8Array().map((each) => Buffer.from(each)),
    flag: fc.boolean(),
    double: fc.double({ noNaN: true }),
    int32: fc.integer(),
    int64: int64s,
    uint32: fc.nat({ max: 2 ** 32 - 1 }),
    uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    texts: fc.array(fc.string()),
    numbers: fc.array(int64s),
    small: fc.array(fc.integer()),
    choice: fc.constantFrom("NONE" as const, "ONE" as const, "TWO" as const),
    inner: fc.option(someInner, { nil: undefined }),
    inners: fc.array(someInner),
    map: fc
      .uniqueArray(fc.tuple(fc.string(), fc.string()), { selector: ([key]) => key })
      .map((each) => new Map(each)),
  },
  plain,
);

describe("a message of protocol buffers", () => {
  it("reads what it has written", () => {
    fc.assert(
      fc.property(values, (value) => {
        const { bytes: blob, ...rest } = whole.decode(whole.encode(value));
        const { bytes: given, ...others } = value;
        assert.deepEqual(rest, others);
        assert.deepEqual(Buffer.from(blob), given);
      }),
    );
  });

  it("writes the bytes that other writers write", () => {
    const small = message({ a: int32(1), b: text(2), c: nested(3, message({ a: int32(1) })) });
    assert.equal(small.encode({ a: 150 }).toString("hex"), "089601");
    assert.equal(small.encode({ b: "testing" }).toString("hex"), "120774657374696e67");
    assert.equal(small.encode({ c: { a: 150 } }).toString("hex"), "1a03089601");
    assert.equal(small.encode({ a: -1 }).toString("hex"), "08ffffffffffffffffff01");
    const numbers = message({ f: int32List(6) });
    assert.equal(numbers.encode({ f: [3, 270, 86942] }).toString("hex"), "3206038e029ea705");
  });

  it("reads numbers one by one as well as in one piece", () => {
    const numbers = message({ f: int32List(6) });
    const { f } = numbers.decode(Buffer.from("30033206" + "038e029ea705", "hex"));
    assert.deepEqual(f, [3, 3, 270, 86942]);
  });

  it("takes for granted what is not there", () => {
    const { text: nothing, inner: none, choice, map: empty } = whole.decode(Buffer.alloc(0));
    assert.deepEqual([nothing, none, choice, empty.size], ["", undefined, "NONE", 0]);
  });

  it("passes over fields that nobody here knows", () => {
    const newer = message({ text: text(1), later: list(77, inner), other: double(78) });
    const given = newer.encode({ text: "here", later: [{ name: "x" }], other: 1.5 });
    assert.equal(whole.decode(given).text, "here");
  });

  it("tells an empty message from none", () => {
    assert.deepEqual(whole.decode(whole.encode({ inner: {} })).inner, { name: "", count: 0n });
  });

  it("keeps a key that objects have of their own", () => {
    const given = new Map([["__proto__", "value"]]);
    assert.deepEqual(whole.decode(whole.encode({ map: given })).map, given);
  });

  for (const [what, hex] of [
    ["a field cut short", "0a05616263"],
    ["a number without an end", "28ffffffffffffffffffffff01"],
    ["a text that is not UTF-8", "0a02c328"],
    ["a field with the number 0", "0001"],
    ["a wire type that there is none of", "0f"],
    ["a message where a number belongs", "2a0161"],
    ["a member that an enumeration does not have", "6009"],
  ]) {
    it(`refuses ${what ?? ""}`, () => {
      assert.throws(() => whole.decode(Buffer.from(hex ?? "", "hex")), WireError);
    });
  }

  it("never reads beyond what it was given, whatever that is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (given) => {
        try {
          whole.decode(given);
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
        }
      }),
    );
  });
});
