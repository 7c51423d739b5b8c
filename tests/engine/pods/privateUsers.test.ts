import assert from "node:assert/strict";
import fc from "fast-check";
import { freeRange } from "../../../engine/pods/privateUsers.ts";
import type { UserRange } from "../../../stage1/users/mappedMounts.ts";

const first = (from: number): number => from;

describe("a range of private users", () => {
  it("is 65536 users from a multiple of that, among those that systemd keeps for containers", () => {
    assert.deepEqual(freeRange([], first), { first: 0x80000, count: 0x10000 });
    assert.deepEqual(
      freeRange([], (_, to) => to - 1),
      { first: 0x6fff0000, count: 0x10000 },
    );
  });

  it("goes round where the end is taken", () => {
    const last = { first: 0x6fff0000, count: 0x10000 };
    assert.equal(freeRange([last], (_, to) => to - 1).first, 0x80000);
  });

  it("overlaps nothing that is taken, whatever that is", () => {
    const range = fc.record({ first: fc.nat(0x7fffffff), count: fc.integer({ min: 1, max: 0x100000 }) });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), fc.nat(28_663), (taken, start) => {
        const got = freeRange(taken, () => start);
        assert.ok(taken.every((other) => apart(got, other)));
      }),
    );
  });

  it("is refused where nothing is left", () => {
    assert.throws(() => freeRange([{ first: 0, count: 0x7fffffff }], first), /no range of users is left/);
  });
});

function apart(one: UserRange, other: UserRange): boolean {
  return one.first >= other.first + other.count || other.first >= one.first + one.count;
}
