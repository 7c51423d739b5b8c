import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as passing } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Chance, SEED } from "../../support/seed.ts";
import { gcStore } from "../../../engine/store/gcStore.ts";
import { nameOfTree } from "../../../engine/store/treePlace.ts";
import type { DiskStore } from "../../../engine/store/DiskStore.ts";
import { checkBytes } from "../../../engine/store/damage.ts";
import { checkContents, checkNotes } from "../../../engine/store/treeHash.ts";
import { scratchFolder, storeIn } from "./images.ts";

const program = fileURLToPath(new URL("importing.ts", import.meta.url));
/** `KILLS=100` for those who have the time. */
const KILLS = Number(process.env["KILLS"] ?? 4);

/** Everything that the store shows must be whole, byte by byte. */
async function expectWhole(store: DiskStore): Promise<void> {
  for (const { id } of await store.list()) {
    const { record } = await store.byId(id);
    await checkBytes(store.folders, record);
  }
  for (const tree of readdirSync(store.folders.trees)) {
    assert.equal(nameOfTree(tree), tree);
    await checkContents(store.folders, tree);
    await checkNotes(store.folders, tree);
  }
}

describe("a store whose users are killed", () => {
  const scratch = scratchFolder();

  it(`is whole after each of ${KILLS} kills, and gc leaves nothing of them (SEED=${SEED})`, async () => {
    const chance = new Chance(SEED);
    const { store } = await storeIn(scratch());
    for (let kill = 0; kill < KILLS; kill++) {
      const children = [1, 2].map(() => spawn(process.execPath, [program, "forever", scratch()]));
      const ended = children.map((child) => once(child, "exit"));
      await Promise.all(children.map((child) => once(child.stdout, "data")));
      await passing(chance.between(0, 600));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(ended);
      await expectWhole(store);
    }
    await gcStore(store, {
      gracePeriodMilliseconds: 0,
      treesInUse: () => new Set(),
      unclaimedBlobMilliseconds: 0,
      now: new Date(Date.now() + 1000),
    });
    const { folders } = store;
    for (const folder of [
      folders.temporary,
      folders.trees,
      folders.images,
      folders.imageLocks,
      folders.treeLocks,
    ]) {
      assert.deepEqual(readdirSync(folder), [], folder);
    }
    const files = [folders.blobs, folders.manifests].flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
    );
    assert.deepEqual(files, []);
  }).timeout(30_000 + KILLS * 15_000);
});
