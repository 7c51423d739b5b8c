import assert from "node:assert/strict";
import type { Exception } from "./exceptions.ts";
import { readReport, type SpecResult } from "./report.ts";
import { isGood, judge, type Circumstances } from "./verdict.ts";

const circumstances: Circumstances = { runtime: "containerd", transport: "spdy", whole: true };

const exception: Exception = {
  spec: "Image Manager by digest",
  outcome: "failed",
  runtimes: ["containerd"],
  reason: "another build",
  containerdPasses: false,
};

function result(name: string, outcome: SpecResult["outcome"], message = ""): SpecResult {
  return { name, outcome, seconds: 0, message };
}

describe("the verdict over a run of critest", () => {
  it("is good when all passes but what is excused", () => {
    const results = [result("Streaming exec", "passed"), result("Image Manager by digest", "failed")];
    assert.ok(isGood(judge(results, [exception], circumstances)));
  });

  it("is bad when a spec fails that nobody excuses", () => {
    const results = [result("Streaming exec", "failed"), result("Image Manager by digest", "failed")];
    const { unexpected } = judge(results, [exception], circumstances);
    assert.deepEqual(
      unexpected.map(({ name }) => name),
      ["Streaming exec"],
    );
  });

  it("is bad when an excused spec passes, which then has to leave the list", () => {
    const verdict = judge([result("Image Manager by digest", "passed")], [exception], circumstances);
    assert.deepEqual(
      verdict.outdated.map(({ because }) => because),
      ['"Image Manager by digest" passes'],
    );
    assert.equal(isGood(verdict), false);
  });

  it("is bad when critest no longer has an excused spec", () => {
    const verdict = judge([result("Streaming exec", "passed")], [exception], circumstances);
    assert.equal(verdict.outdated[0]?.because, "there is no such spec");
  });

  it("takes a spec that was left out for one that did not pass", () => {
    const verdict = judge([result("Security UserNamespaces", "skipped", "no support")], [], circumstances);
    assert.equal(verdict.unexpected.length, 1);
  });

  it("does not take one spec's failure for another's whose name begins alike", () => {
    const results = [
      result("Image Manager by digests", "failed"),
      result("Image Manager by digest", "failed"),
    ];
    assert.deepEqual(
      judge(results, [exception], circumstances).unexpected.map(({ name }) => name),
      ["Image Manager by digests"],
    );
  });

  it("asks nothing of specs that were not asked for", () => {
    const results = [result("Streaming exec", "passed"), result("Networking", "skipped")];
    assert.ok(isGood(judge(results, [exception], { ...circumstances, whole: false })));
  });

  it("is bad when no spec was tried at all", () => {
    const whole = { ...circumstances, whole: false };
    assert.equal(isGood(judge([result("Networking", "skipped")], [], whole)), false);
  });
});

describe("critest's report", () => {
  const spec = (state: string, leaf = "It"): unknown => ({
    ContainerHierarchyTexts: ["[k8s.io] Streaming"],
    LeafNodeType: leaf,
    LeafNodeText: leaf === "It" ? state : "",
    State: state,
    RunTime: 1.5e9,
    Failure: { Message: "because" },
  });

  it("counts panics, interrupts and time-outs as failures", () => {
    const states = ["panicked", "interrupted", "timedout", "aborted", "failed"];
    const text = JSON.stringify([{ SpecReports: states.map((state) => spec(state)) }]);
    assert.deepEqual(new Set(readReport(text).map(({ outcome }) => outcome)), new Set(["failed"]));
  });

  it("names a spec by all the words above it", () => {
    const [first] = readReport(JSON.stringify([{ SpecReports: [spec("passed")] }]));
    assert.deepEqual(first, {
      name: "Streaming passed",
      outcome: "passed",
      seconds: 1.5,
      message: "because",
    });
  });

  it("lists what runs before all specs only when it fails", () => {
    const text = JSON.stringify([
      { SpecReports: [spec("passed", "BeforeSuite"), spec("failed", "AfterSuite")] },
    ]);
    assert.deepEqual(
      readReport(text).map(({ name }) => name),
      ["Streaming AfterSuite"],
    );
  });
});
