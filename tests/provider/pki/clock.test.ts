import assert from "node:assert/strict";
import { systemClock } from "../../../provider/pki/clock.ts";

describe("the clock", () => {
  const before = process.env["RKTNETES_CLOCK"];
  afterEach(() => {
    if (before === undefined) delete process.env["RKTNETES_CLOCK"];
    else process.env["RKTNETES_CLOCK"] = before;
  });

  it("is this machine's, unless RKTNETES_CLOCK says another moment", () => {
    delete process.env["RKTNETES_CLOCK"];
    assert.ok(Math.abs(systemClock().getTime() - Date.now()) < 1000);
    process.env["RKTNETES_CLOCK"] = "2030-01-31";
    assert.equal(systemClock().toISOString(), "2030-01-31T00:00:00.000Z");
  });

  it("refuses a moment that is none", () => {
    process.env["RKTNETES_CLOCK"] = "tomorrow";
    assert.throws(systemClock, /RKTNETES_CLOCK is not a date[^]*tomorrow/);
  });
});
