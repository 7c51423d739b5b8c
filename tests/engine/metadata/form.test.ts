import assert from "node:assert/strict";
import fc from "fast-check";
import { formFields } from "../../../engine/metadata/form.ts";

describe("a form", () => {
  it("has its fields as the bytes that were encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const encoded = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
        assert.deepEqual(formFields(`a=1&content=${encoded}`)?.get("content"), Buffer.from(bytes));
      }),
    );
  });

  it("reads what URLSearchParams writes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (one, other) => {
        const fields = formFields(String(new URLSearchParams({ one, other })));
        assert.deepEqual(
          [fields?.get("one"), fields?.get("other")],
          [one, other].map((each) => Buffer.from(each.toWellFormed())),
        );
      }),
    );
  });

  it("takes the first of several fields of one name", () => {
    assert.equal(formFields("a=1&a=2")?.get("a")?.toString(), "1");
  });

  it("is refused where a byte is cut off", () => {
    assert.equal(formFields("a=%4"), undefined);
    assert.equal(formFields("%zz=1"), undefined);
  });
});
