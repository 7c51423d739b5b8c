import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { lives, livingOwner, ownPod, thisProcess } from "../../../engine/pods/owner.ts";
import { inPod, podFolder, type PodStage } from "../../../engine/pods/podFolders.ts";
import { findPod } from "../../../engine/pods/findPod.ts";
import { listPodFolders, podAt, stateOf } from "../../../engine/pods/podState.ts";

const uuid = "0b3c8cf5-2b54-4f4f-8c9d-0123456789ab";

describe("a pod's state", () => {
  let data: string;

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), "rktnetes-pods-"));
  });

  afterEach(() => {
    rmSync(data, { recursive: true });
  });

  function makePod(stage: PodStage, name = uuid): string {
    const folder = podFolder(data, stage, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  it("is running while its owner lives, and exited once that is gone", async () => {
    const folder = makePod("run");
    const owner = spawn("sleep", ["1000"]);
    await once(owner, "spawn");
    const stat = readFileSync(`/proc/${owner.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    ownPod(folder, { ...thisProcess(), pid: owner.pid!, started: stat[19]! });
    assert.equal(podAt(data, "run", uuid)?.state, "running");
    owner.kill("SIGKILL");
    await once(owner, "exit");
    assert.equal(podAt(data, "run", uuid)?.state, "exited");
  });

  it("takes no other process of the same number for the owner", () => {
    const owner = thisProcess();
    assert.equal(lives(owner), true);
    assert.equal(lives({ ...owner, started: "1" }), false);
    assert.equal(lives({ ...owner, boot: "00000000-0000-0000-0000-000000000000" }), false);
  });

  it("has no owner where the record is missing or nonsense", () => {
    const folder = makePod("run");
    assert.equal(livingOwner(folder), undefined);
    writeFileSync(join(folder, inPod.owner), "nonsense");
    assert.equal(livingOwner(folder), undefined);
  });

  it("follows from the folder's place", () => {
    assert.equal(stateOf("embryo", true), "embryo");
    assert.equal(stateOf("prepare", true), "preparing");
    assert.equal(stateOf("prepare", false), "aborted prepare");
    assert.equal(stateOf("prepared", false), "prepared");
    assert.equal(stateOf("exited-garbage", false), "exited garbage");
    assert.equal(stateOf("exited-garbage", true), "exited deleting");
    assert.equal(stateOf("garbage", true), "deleting");
  });

  it("is told once for a pod, and not at all for files that are none", () => {
    const folder = makePod("prepare");
    mkdirSync(dirname(podFolder(data, "run", uuid)), { recursive: true });
    renameSync(folder, podFolder(data, "run", uuid));
    writeFileSync(join(data, "pods", "run", "stray"), "");
    assert.deepEqual(
      listPodFolders(data).map((pod) => pod.uuid),
      [uuid],
    );
  });

  it("is found by the beginning of a uuid, where that is one pod's alone", () => {
    makePod("run");
    makePod("run", "0b3c8cf5-ffff-4f4f-8c9d-0123456789ab");
    assert.equal(findPod(data, "0B3C8CF5-2").uuid, uuid);
    assert.throws(() => findPod(data, "0b3c"), /cannot get pod: ambiguous prefix "0b3c"/);
    assert.throws(() => findPod(data, "9"), /cannot get pod: no matches found for "9"/);
  });
});
