import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { dropTree } from "../../../engine/store/dropTree.ts";
import { gcStore } from "../../../engine/store/gcStore.ts";
import type { GcRequest } from "../../../engine/store/gcStore.ts";
import { lock } from "../../../engine/store/lock.ts";
import { digestOf, importAci, importOci, scratchFolder, storeIn } from "./images.ts";

const HOUR = 60 * 60 * 1000;

function request(trees: readonly string[] = [], inHours = 0): GcRequest {
  return {
    gracePeriodMilliseconds: 24 * HOUR,
    treesInUse: () => new Set(trees),
    now: new Date(Date.now() + inHours * HOUR),
  };
}

describe("garbage collection of the store", () => {
  const scratch = scratchFolder();

  it("removes trees that no pod uses, and leaves the others", async () => {
    const { store } = await storeIn(scratch());
    const one = await store.render((await importAci(store, [{ name: "a" }])).record.id);
    const two = await store.render((await importAci(store, [{ name: "b" }])).record.id);
    const { trees } = await gcStore(store, request([two.id]));
    assert.deepEqual(trees, [one.id]);
    assert.deepEqual(readdirSync(store.folders.trees), [two.id]);
    assert.deepEqual(readdirSync(store.folders.temporary), []);
  });

  it("leaves a tree that a pod comes to use while it looks", async () => {
    const { store } = await storeIn(scratch());
    const tree = await store.render((await importAci(store, [])).record.id);
    const answers = [new Set<string>(), new Set([tree.id])];
    const { trees } = await gcStore(store, {
      ...request(),
      treesInUse: () => answers.shift() ?? new Set([tree.id]),
    });
    assert.deepEqual(trees, []);
    await store.checkTree(tree.id);
  });

  it("leaves trees and images that a command uses at the moment", async () => {
    const { store } = await storeIn(scratch());
    const other = await storeIn(scratch());
    const { record } = await importAci(store, []);
    const tree = await store.render(record.id);
    const use = await other.store.use(record.id);
    assert.deepEqual(await gcStore(store, request([], 48)), { trees: [], images: [], leftovers: 0 });
    use.release();
    const { trees, images } = await gcStore(store, request([], 48));
    assert.deepEqual([trees, images], [[tree.id], [record.id]]);
  });

  it("removes images that were not used for longer than the grace period", async () => {
    const { store } = await storeIn(scratch());
    const old = await importAci(store, [{ name: "old" }]);
    const young = await importOci(store, [[{ name: "young" }]]);
    const longAgo = new Date(Date.now() - 48 * HOUR);
    utimesSync(store.folders.record(old.record.id), longAgo, longAgo);
    const { images } = await gcStore(store, request());
    assert.deepEqual(images, [old.record.id]);
    assert.equal(existsSync(store.folders.aci(old.record.id)), false);
    assert.deepEqual(
      (await store.list()).map(({ id }) => id),
      [young.record.id],
    );
  });

  it("keeps an image whose tree a pod uses, however long ago it came", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, []);
    const tree = await store.render(record.id);
    const { images } = await gcStore(store, request([tree.id], 48));
    assert.deepEqual(images, []);
  });

  it("removes a replaced tree only when no pod uses one of its name", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, []);
    const tree = await store.render(record.id);
    await store.renderAnew(record.id);
    assert.equal(readdirSync(store.folders.trees).length, 2);
    await gcStore(store, request([tree.id]));
    assert.equal(readdirSync(store.folders.trees).length, 2);
    await gcStore(store, request());
    assert.deepEqual(readdirSync(store.folders.trees), []);
  });

  it("removes what dead processes left, and nothing of living ones", async () => {
    const { store } = await storeIn(scratch());
    const mine = store.folders.newTemporary();
    writeFileSync(mine, "being written");
    const dead = join(store.folders.temporary, "4194305.1.00000000-0000-0000-0000-000000000000.abc");
    mkdirSync(join(dead, "rootfs", "sealed"), { recursive: true, mode: 0o500 });
    const beside = join(store.folders.images, `sha512-${"0".repeat(64)}.json.4194305-1.new`);
    writeFileSync(beside, "");
    const torn = join(store.folders.images, `sha512-${"0".repeat(64)}.json`);
    writeFileSync(torn, "");
    const { leftovers } = await gcStore(store, request());
    assert.equal(leftovers, 3);
    assert.deepEqual([mine, dead, beside, torn].map(existsSync), [true, false, false, false]);
  });

  it("removes blobs of no image, but not those of one that may be on its way", async () => {
    const { store } = await storeIn(scratch());
    const bytes = Buffer.from("a layer");
    await store.addBlob(digestOf(bytes), Readable.from([bytes]));
    assert.equal((await gcStore(store, request())).leftovers, 0);
    assert.equal((await gcStore(store, request([], 2))).leftovers, 1);
    assert.equal(await store.hasBlob(digestOf(bytes)), false);
  });

  it("removes the bytes of an ACI whose record never came", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, []);
    renameSync(store.folders.record(record.id), join(scratch(), "elsewhere"));
    assert.equal((await gcStore(store, request())).leftovers, 2);
    assert.equal(existsSync(store.folders.aci(record.id)), false);
  });

  it("removes the locks of what is gone", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, []);
    await store.render(record.id);
    await gcStore(store, request([], 48));
    assert.deepEqual(readdirSync(store.folders.imageLocks), []);
    assert.deepEqual(readdirSync(store.folders.treeLocks), []);
  });

  it("takes away one image's tree at a word, and not while somebody renders it", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, [{ name: "a" }]);
    const { id } = await store.render(record.id);
    const held = await lock(store.folders.treeLock(id), "shared");
    await dropTree(store, record.id);
    assert.ok(existsSync(store.folders.tree(id)));
    held.release();
    await dropTree(store, record.id);
    await dropTree(store, record.id);
    assert.ok(!existsSync(store.folders.tree(id)));
    assert.deepEqual(readdirSync(store.folders.temporary), []);
  });
});
