import assert from "node:assert/strict";
import { timeScript, timingsOf, memoryOf } from "./engine/hostScripts.ts";
import { holds, median, type Figure } from "./figure.ts";
import { plotOf } from "./plot.ts";
import { tableOf } from "./table.ts";

const figure: Figure = {
  name: "run",
  what: "rkt run <oci>",
  unit: "ms",
  samples: [130, 90, 110],
  limit: 120,
};

describe("a bench's figures", () => {
  it("are judged by their median", () => {
    assert.equal(median(figure.samples), 110);
    assert.equal(holds(figure), true);
    assert.equal(holds({ ...figure, limit: 109 }), false);
  });

  it("say in the table which limit does not hold", () => {
    assert.match(tableOf([figure]), /rkt run <oci> +110 ms +110 ms +120 ms +holds/);
    assert.match(tableOf([{ ...figure, limit: 100 }]), /100 ms +TOO MUCH/);
  });

  it("are well-formed as a picture, whatever they are called", () => {
    const picture = plotOf("a & b", [figure, { ...figure, unit: "MB", samples: [1] }]);
    assert.match(picture, /a &amp; b/);
    assert.match(picture, /rkt run &lt;oci&gt;/);
    assert.doesNotMatch(picture, /NaN|Infinity|undefined/);
  });
});

describe("what the bench's host prints", () => {
  it("is read in milliseconds", () => {
    assert.deepEqual(timingsOf("oci 0.120 0.040 0.035\n"), [
      { name: "oci", milliseconds: 120, processor: 75 },
    ]);
  });

  it("is an error where a command has failed", () => {
    assert.throws(() => timingsOf("failed: oci\nrun: no such image\n"), /no such image/);
  });

  it("has each command once in each round, in turn", () => {
    const script = timeScript(
      [
        { name: "a", command: "true" },
        { name: "b", command: "false" },
      ],
      3,
      "sync",
    );
    assert.match(script, /seq 3[^]*time true[^]*time false[^]*sync[^]*done/);
  });

  it("gives memory in MB", () => {
    assert.deepEqual(memoryOf("pod 512 1024\n"), [{ name: "pod", alone: 0.5, withShares: 1 }]);
  });
});
