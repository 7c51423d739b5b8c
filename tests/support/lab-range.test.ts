import assert from "node:assert/strict";
import { freeSubnet } from "./lab-range.ts";

describe("a range for a lab of the tests'", () => {
  it("is the same for the same network as long as it is free", () => {
    assert.equal(freeSubnet("one", []), freeSubnet("one", []));
    assert.notEqual(freeSubnet("one", []), freeSubnet("two", []));
  });

  it("overlaps with nothing that is in use", () => {
    const first = freeSubnet("one", []);
    const second = freeSubnet("one", [{ cidr: first, user: "another checkout" }]);
    assert.notEqual(second, first);
    const all = [
      { cidr: "10.78.0.0/16", user: "a route" },
      { cidr: "10.79.0.0/17", user: "a route" },
    ];
    assert.match(freeSubnet("one", all), /^10\.79\.(12[89]|1[3-9]\d|2\d\d)\.0\/24$/);
    const none = [{ cidr: "10.78.0.0/15", user: "a route" }];
    assert.throws(() => freeSubnet("one", none), /no range is left/);
  });
});
