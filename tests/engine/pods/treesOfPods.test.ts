import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { treesOfPods } from "../../../engine/pods/treesOfPods.ts";

describe("treesOfPods", () => {
  let data = "";
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), "rkt-trees-"));
  });
  afterEach(() => {
    rmSync(data, { recursive: true });
  });

  it("names the trees of every app and stage1, whatever became of the pod", () => {
    const uuids = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
    const folders = [
      join(data, "pods/run", uuids[0] ?? ""),
      join(data, "pods/exited-garbage", uuids[1] ?? ""),
    ];
    for (const [index, folder] of folders.entries()) {
      mkdirSync(join(folder, "appsinfo/web"), { recursive: true });
      writeFileSync(join(folder, "appsinfo/web/treeStoreID"), `deps-sha512-${index}`);
    }
    writeFileSync(join(folders[0] ?? "", "stage1TreeStoreID"), "deps-sha512-stage1\n");
    assert.deepEqual([...treesOfPods(data)].sort(), ["deps-sha512-0", "deps-sha512-1", "deps-sha512-stage1"]);
  });

  it("finds none where there are no pods", () => {
    assert.equal(treesOfPods(data).size, 0);
  });
});
