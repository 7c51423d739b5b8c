import assert from "node:assert/strict";
import { parseExpression } from "../../../../../tools/providers/kubernetes/wait/expression.ts";

const object = {
  status: {
    phase: "Running",
    "odd.key": 3,
    addresses: [
      { type: "a", ip: "192.0.2.1" },
      { type: "b", ip: "192.0.2.2" },
    ],
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Full", status: "False", message: "all is well" },
    ],
  },
};
const state = (text: string): string => parseExpression(text)(object).state;

describe("expressions to wait for", () => {
  for (const [text, expected] of [
    ["condition=Ready", "ready"],
    ["condition=ready", "waiting"],
    ["condition=Full", "waiting"],
    ["condition=Full=false", "ready"],
    ["jsonpath={.status.phase}", "ready"],
    ["jsonpath={.status.nothing}", "waiting"],
    ["jsonpath={.status.phase}=Running", "ready"],
    ["jsonpath='{.status.phase}'=Running", "ready"],
    ["jsonpath={.status.phase}=Pending", "waiting"],
    ["jsonpath={.status['odd.key']}=3", "ready"],
    ["jsonpath={.status.odd\\.key}=3", "ready"],
    ["jsonpath={.status.addresses[1].ip}=192.0.2.2", "ready"],
    ["jsonpath={.status.addresses[*].ip}=192.0.2.1", "ready"],
    ['jsonpath={.status.addresses[?(@.type=="b")].ip}=192.0.2.2', "ready"],
    ['jsonpath={.status.addresses[?(@.type=="b")].ip}=192.0.2.1', "waiting"],
  ] as const) {
    it(`${text}: ${expected}`, () => {
      assert.equal(state(text), expected);
    });
  }

  it("say what they see meanwhile", () => {
    const verdict = parseExpression("condition=Full")(object);
    assert.deepEqual(verdict, {
      state: "waiting",
      because: "condition Full is False, not True (all is well)",
    });
  });

  for (const text of ["Ready", "jsonpath=.status", "jsonpath={status}", "jsonpath={.a[}"]) {
    it(`refuse ${text}`, () => {
      assert.throws(() => parseExpression(text), /cannot be understood/);
    });
  }
});
