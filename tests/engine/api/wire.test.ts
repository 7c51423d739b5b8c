import assert from "node:assert/strict";
import fc from "fast-check";
import { readListImages, readListPods, readLogs, readNothing } from "../../../engine/api/requests.ts";
import { fieldsOf, int32, int64, MalformedMessage, sint32, text } from "../../../engine/api/wire.ts";

function onlyField(
  written: Buffer,
): ReturnType<typeof fieldsOf> extends Generator<infer Field> ? Field : never {
  const [field, ...more] = fieldsOf(written);
  assert.ok(field !== undefined);
  assert.equal(more.length, 0);
  return field;
}

describe("the API's wire format", () => {
  it("reads the text and numbers that it has written", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 29 - 1 }),
        fc.string({ minLength: 1, unit: "grapheme" }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).filter((value) => value !== 0n),
        (number, words, value) => {
          assert.equal(onlyField(text(number, words)).text(), words);
          assert.equal(onlyField(text(number, words)).number, number);
          assert.equal(onlyField(int64(number, value)).int64(), value);
        },
      ),
    );
  });

  it("writes numbers as the format's own documentation does", () => {
    assert.equal(int32(1, 150).toString("hex"), "089601");
    assert.equal(text(2, "testing").toString("hex"), "120774657374696e67");
    assert.equal(int32(1, -2).toString("hex"), "08feffffffffffffffff01");
    assert.equal(sint32(1, -1).toString("hex"), "0801");
    assert.equal(sint32(1, 0x7fffffff).toString("hex"), "08feffffff0f");
    assert.equal(int32(1, 0).length, 0);
  });

  it("takes a list of numbers one by one and packed", () => {
    const filter = (states: string): string =>
      `0a${(states.length / 2).toString(16).padStart(2, "0")}${states}`;
    for (const states of ["10041006", "12020406"]) {
      const { filters } = readListPods(Buffer.from(filter(states), "hex"));
      assert.deepEqual(filters[0]?.states, [4, 6]);
    }
  });

  it("passes over fields that it does not know", () => {
    const unknown = Buffer.from(
      "a2060568656c6c6f" + "a806ffffffffffffffffff01" + "b50601020304" + "b9060102030405060708",
      "hex",
    );
    assert.deepEqual(readNothing(unknown), {});
    assert.equal(readLogs(Buffer.concat([unknown, text(1, "x")])).podId, "x");
  });

  for (const [what, hex] of [
    ["that is cut off in a text", "0a05"],
    ["that is cut off in a number", "10ff"],
    ["with a number of more than 64 bits", "10ffffffffffffffffffff01"],
    ["with a group", "0b0c"],
    ["with field zero", "0000"],
    ["with a text where a number belongs", "1201ff"],
    ["with a text that is no UTF-8", "0a030a01ff"],
    ["with a length beyond all memory", "0affffffffffffffffff01"],
  ] as const) {
    it(`refuses a message ${what}`, () => {
      assert.throws(() => readListPods(Buffer.from(hex, "hex")), MalformedMessage);
    });
  }

  it("answers any bytes with a request or a refusal", () => {
    const readers = [readListPods, readListImages, readLogs, readNothing];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...readers), (bytes, read) => {
        try {
          read(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof MalformedMessage, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
