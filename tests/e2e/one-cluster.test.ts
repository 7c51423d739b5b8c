/** The life of one cluster: from nothing, through what happens to clusters, to nothing. */
import assert from "node:assert/strict";
import { CommandLines } from "../support/command-lines.ts";
import { differences, machineSnapshot, type Snapshot } from "../support/machine-snapshot.ts";
import { saidBy, succeeded } from "../support/process.ts";
import { keepsStrangersOut } from "./one-cluster/closed.ts";
import { repairsWhatWasChangedByHand } from "./one-cluster/drift.ts";
import { survivesReboots } from "./one-cluster/reboot.ts";
import { growsAndShrinks } from "./one-cluster/second-node.ts";
import { keepsSecrets, type FirstRun } from "./one-cluster/secrets.ts";
import { servesThePage, showsMetrics } from "./one-cluster/serves.ts";
import { changesOnlyWhatChanged } from "./one-cluster/settled.ts";
import { oneNode, stack } from "./one-cluster/settings.ts";

describe("a cluster on a lab host", () => {
  const names = stack.names(["one", "two", ".registry"]);
  let pristine: Snapshot;
  let first: FirstRun;

  before(async () => {
    await stack.prepare(oneNode);
    pristine = await machineSnapshot(names);
    const watch = new CommandLines();
    watch.start();
    const up = await stack.up();
    first = { said: saidBy(up), commandLines: await watch.stop() };
    succeeded(up, "up");
  });

  after(() => stack.takeAway());

  it("comes up by one command, which proves that it serves", () => {
    for (const proof of [
      /✔ nodes Ready +1 of 1: one/,
      /✔ persistentvolume\/task-pv-volume +Bound/,
      /✔ persistentvolumeclaim\/task-pv-claim +Bound/,
      /✔ page fetched from inside the pod +Hello world/,
      /✔ page fetched from http:\S+ +Hello world/,
    ]) {
      assert.match(first.said, proof);
    }
  });

  servesThePage(stack);
  changesOnlyWhatChanged(stack);
  showsMetrics(stack);
  keepsStrangersOut(stack);
  repairsWhatWasChangedByHand(stack);
  keepsSecrets(stack, () => first);
  survivesReboots(stack);
  growsAndShrinks(stack);

  describe("goes by one command", () => {
    it("which leaves nothing of ours on this machine", async () => {
      succeeded(await stack.down(), "down");
      assert.deepEqual(differences(pristine, await machineSnapshot(names)), []);
    });
  });
});
