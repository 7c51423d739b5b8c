import assert from "node:assert/strict";
import { KUBERNETES_PROGRAMS, programPath, programsState } from "../../../components/node/programs.ts";
import { assertGolden } from "../golden.ts";
import { renderedState } from "../rendered-state.ts";

describe("programsState", () => {
  it("is what its golden file shows on a kernel that others use too", () => {
    assertGolden("one/programs", renderedState(programsState(true)));
  });

  it("is what its golden file shows on a kernel of the host's own", () => {
    assertGolden("two/programs", renderedState(programsState(false)));
  });

  it("has one binary behind every program's name", () => {
    const { files } = programsState(false);
    const targets = new Set(KUBERNETES_PROGRAMS.map((program) => files?.[programPath(program)]?.target));
    assert.equal(targets.size, 1);
    assert.deepEqual(files?.[String([...targets][0])], { artefact: "kubernetes", mode: "0755" });
  });
});
