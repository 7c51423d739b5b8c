import assert from "node:assert/strict";
import fc from "fast-check";
import { escapeField, rootLine } from "../../../stage1/mounting/fstab.ts";

describe("a pod's table of mounts", () => {
  it("has one word for each field, whatever is in a path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii", minLength: 1 }), (path) => {
        const field = escapeField(path);
        assert.doesNotMatch(field, /[\s#]/);
        const read = field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
          String.fromCharCode(parseInt(octal, 8)),
        );
        assert.equal(read, path);
      }),
    );
  });

  it("refuses an overlay in a folder whose name overlayfs would take apart", () => {
    const root = { kind: "overlay", lower: "/a:b", upper: "/u", work: "/w", target: "/t" } as const;
    assert.throws(() => rootLine(root, false), /overlayfs cannot take this path[^]*\/a:b/);
  });

  it("mounts a copied root onto itself, so that it can be read-only", () => {
    assert.deepEqual(rootLine({ kind: "copy", target: "/t" }, true).options, ["bind", "ro"]);
  });
});
