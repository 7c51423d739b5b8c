import assert from "node:assert/strict";
import { stillDue } from "../../../../../provider/host/state/apply/units.ts";
import type { FoundUnit } from "../../../../../provider/host/state/survey.ts";

function invocations(of: Readonly<Record<string, string>>): ReadonlyMap<string, FoundUnit> {
  return new Map(Object.entries(of).map(([name, id]) => [name, { Id: name, InvocationID: id }]));
}

describe("what is due after a start that failed in part", () => {
  it("is what still runs as it did before", () => {
    const before = invocations({ "a.service": "1", "b.service": "2" });
    const after = invocations({ "a.service": "3", "b.service": "2" });
    assert.deepEqual(stillDue(["a.service", "b.service"], before, after), ["b.service"]);
  });

  it("is not what was started for the first time", () => {
    const after = invocations({ "a.service": "1", "b.service": "" });
    assert.deepEqual(stillDue(["a.service", "b.service"], new Map(), after), ["b.service"]);
  });
});
