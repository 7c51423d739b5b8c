import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addressAt,
  addressNumber,
  addressText,
  contains,
  overlaps,
  parseRange,
  partAt,
} from "../../config/network-range.ts";

const anyAddress = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const anyRange = fc.tuple(anyAddress, fc.integer({ min: 8, max: 30 })).map(([number, prefix]) => {
  const size = 2 ** (32 - prefix);
  return `${addressText(Math.floor(number / size) * size)}/${prefix}`;
});

describe("network ranges", () => {
  it("turn addresses to numbers and back", () => {
    fc.assert(fc.property(anyAddress, (number) => addressNumber(addressText(number)) === number));
  });

  it("contain their first and last address and not the one beyond", () => {
    fc.assert(
      fc.property(anyRange, (text) => {
        const range = parseRange(text);
        assert.ok(range);
        assert.ok(contains(range, addressText(range.first)) && contains(range, addressText(range.last)));
        assert.ok(range.last === 2 ** 32 - 1 || !contains(range, addressText(range.last + 1)));
      }),
    );
  });

  it("overlap in both directions or in none", () => {
    fc.assert(
      fc.property(anyRange, anyRange, (left, right) => {
        const a = parseRange(left);
        const b = parseRange(right);
        assert.ok(a && b);
        assert.equal(overlaps(a, b), overlaps(b, a));
      }),
    );
  });

  it("are cut into parts that lie side by side", () => {
    const range = parseRange("10.244.0.0/16");
    assert.ok(range);
    assert.equal(partAt(range, 24, 0), "10.244.0.0/24");
    assert.equal(partAt(range, 24, 255), "10.244.255.0/24");
    assert.equal(partAt(range, 24, 256), undefined);
    assert.equal(addressAt(range, 10), "10.244.0.10");
  });

  it("refuse what has bits beyond its prefix, or is no range at all", () => {
    for (const text of ["10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "10.0.0.256/32", "ten/8", ""]) {
      assert.equal(parseRange(text), undefined, text);
    }
  });
});
