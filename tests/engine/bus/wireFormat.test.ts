import assert from "node:assert/strict";
import fc from "fast-check";
import { BusReader, BusWriter, firstType, Variant } from "../../../engine/bus/wireFormat.ts";

describe("D-Bus values", () => {
  it("come back as they were written, at any offset", () => {
    const entry = fc.tuple(fc.string(), fc.nat()).map(([name, number]) => [name, new Variant("u", number)]);
    fc.assert(
      fc.property(fc.nat(7), fc.string(), fc.array(entry), fc.boolean(), (offset, text, entries, flag) => {
        const writer = new BusWriter();
        for (let index = 0; index < offset; index += 1) writer.byte(0);
        const values = [text, entries, flag];
        writer.values("sa(sv)b", values);
        assert.deepEqual(new BusReader(writer.bytes(), offset).values("sa(sv)b"), values);
      }),
    );
  });

  it("count an array's bytes without the padding before its first item", () => {
    const writer = new BusWriter();
    writer.value("a(u)", [[7]]);
    assert.deepEqual([...writer.bytes()], [4, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0]);
  });

  it("are split into complete types", () => {
    assert.equal(firstType("a(sa(sv))u"), "a(sa(sv))");
    assert.equal(firstType("aau"), "aau");
  });

  it("are refused where they are of another type", () => {
    assert.throws(() => {
      new BusWriter().value("u", "7");
    }, /no u/);
  });
});
