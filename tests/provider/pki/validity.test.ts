import assert from "node:assert/strict";
import fc from "fast-check";
import { renewalFrom, renewalReason, validityFrom } from "../../../provider/pki/validity.ts";

const DAY = 24 * 60 * 60 * 1000;

describe("a certificate's validity", () => {
  const moment = fc.date({ min: new Date("2020-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
  const days = fc.integer({ min: 1, max: 36500 });

  it("never begins in the window in which it is renewed, whatever that is", () => {
    fc.assert(
      fc.property(moment, days, fc.nat(40000), (now, life, renewBeforeDays) => {
        assert.equal(renewalReason(validityFrom(now, life), renewBeforeDays, now), undefined);
      }),
    );
  });

  it("has a window of the days asked for, but never of more than 30 % of its life", () => {
    const validity = validityFrom(new Date("2026-01-01"), 100);
    const left = (renewBeforeDays: number): number =>
      (validity.notAfter.getTime() - renewalFrom(validity, renewBeforeDays).getTime()) / DAY;
    assert.equal(left(10), 10);
    assert.ok(left(90) > 30 && left(90) < 30.01);
  });

  it("ends with that of who signs it, and is in whole seconds", () => {
    const latest = new Date("2026-01-05T00:00:00Z");
    const { notBefore, notAfter } = validityFrom(new Date("2026-01-01T00:00:00.9Z"), 100, latest);
    assert.deepEqual(notAfter, latest);
    assert.equal(notBefore.toISOString(), "2025-12-31T23:55:00.000Z");
  });
});
