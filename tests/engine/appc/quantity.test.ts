import assert from "node:assert/strict";
import fc from "fast-check";
import { parseQuantity, quantityMistake, thousandths, wholeUnits } from "../../../engine/appc/quantity.ts";

describe("quantity", () => {
  it("reads what Kubernetes' documents show", () => {
    assert.equal(wholeUnits("64M"), 64_000_000n);
    assert.equal(wholeUnits("64Mi"), 67_108_864n);
    assert.equal(wholeUnits("1.5Gi"), 1_610_612_736n);
    assert.equal(wholeUnits("128974848"), 128_974_848n);
    assert.equal(wholeUnits("129e6"), 129_000_000n);
    assert.equal(wholeUnits("1E"), 10n ** 18n);
    assert.equal(thousandths("500m"), 500n);
    assert.equal(thousandths("0.5"), 500n);
    assert.equal(thousandths("2"), 2000n);
    assert.equal(parseQuantity("250m"), 0.25);
  });

  it("rounds up, so that no small amount becomes none", () => {
    assert.equal(wholeUnits("1m"), 1n);
    assert.equal(wholeUnits("16m"), 1n);
    assert.equal(thousandths("1n"), 1n);
  });

  it("refuses what is no quantity", () => {
    for (const text of ["", "M", ".", "1.2.3", "64MB", "1ki", "1 M", "0x10", "1e", "1e999", "1Mi2"]) {
      assert.notEqual(quantityMistake(text), undefined, text);
    }
    assert.throws(() => parseQuantity("64MB"), /suffix/);
  });

  it("is exact for any whole number and binary suffix", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.nat(5), (amount, power) => {
        const suffix = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power] ?? "Ki";
        assert.equal(wholeUnits(`${amount}${suffix}`), amount * 1024n ** BigInt(power + 1));
      }),
    );
  });

  it("says of every text either a mistake or a number", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from("+-.0123456789eEinumkKMGTP x")) }),
        (text) => {
          if (quantityMistake(text) === undefined) assert.ok(!Number.isNaN(parseQuantity(text)));
          else assert.throws(() => parseQuantity(text));
        },
      ),
    );
  });
});
