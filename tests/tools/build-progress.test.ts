import assert from "node:assert/strict";

import { formatSeconds, renderBuild } from "../../tools/build-progress.ts";

describe("renderBuild", () => {
  const build = { name: "coredns", started: 0, fetched: 0, compiled: 0 };

  it("says that sources are fetched while the number of packages is unknown", () => {
    assert.equal(
      renderBuild({ ...build, fetched: 7 }, 3000),
      "coredns fetching sources, 7 modules so far 3s",
    );
  });

  it("shows the share that is compiled", () => {
    assert.equal(
      renderBuild({ ...build, compiled: 50, total: 100 }, 61_000),
      "coredns ██████░░░░░░ 50 of at most 100 packages 1m01s",
    );
  });

  it("never shows more than a full bar", () => {
    assert.match(renderBuild({ ...build, compiled: 120, total: 100 }, 0), /█{12} /);
  });
});

describe("formatSeconds", () => {
  it("gives seconds, and minutes from a minute on", () => {
    assert.deepEqual([0, 59_400, 59_600, 3_600_000].map(formatSeconds), ["0s", "59s", "1m00s", "60m00s"]);
  });
});
