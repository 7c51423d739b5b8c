import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatPath,
  isWithin,
  overlaps,
  parsePath,
} from "../../../../../tools/providers/kubernetes/diff/path.ts";

describe("property paths", () => {
  it("quote keys that are no plain names", () => {
    assert.equal(
      formatPath(["metadata", "labels", "app.kubernetes.io/name"]),
      'metadata.labels["app.kubernetes.io/name"]',
    );
    assert.equal(formatPath(["spec", "containers", 0, "image"]), "spec.containers[0].image");
  });

  it("are read as they are written", () => {
    const key = fc.string({ minLength: 1, unit: "grapheme" });
    const path = fc.tuple(key, fc.array(fc.oneof(key, fc.nat(99)))).map(([first, rest]) => [first, ...rest]);
    fc.assert(
      fc.property(path, (steps) => {
        assert.deepEqual(parsePath(formatPath(steps)), steps);
      }),
    );
  });

  it("may begin with a dot, as the API server writes them", () => {
    assert.deepEqual(parsePath(".spec.ports[0].port"), ["spec", "ports", 0, "port"]);
  });

  it("lie within their beginnings, where a star stands for any step", () => {
    assert.ok(isWithin(["spec", "containers", 3, "env", 0], parsePath("spec.containers[*].env")));
    assert.ok(!isWithin(["spec"], parsePath("spec.containers")));
    assert.ok(overlaps(["spec"], parsePath("spec.containers")));
    assert.ok(!overlaps(["spec", "a"], ["spec", "b"]));
  });
});
