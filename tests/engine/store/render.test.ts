import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { verifyImage } from "../../../engine/store/verifyImage.ts";
import { importAci, importOci, scratchFolder, storeIn } from "./images.ts";

function contentsOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const path = join(folder, name);
    if (lstatSync(path).isFile()) found[name] = readFileSync(path, "utf8");
  }
  return found;
}

describe("rendering", () => {
  const scratch = scratchFolder();

  it("puts an image over what it depends on, and a later dependency over an earlier one", async () => {
    const { store } = await storeIn(scratch());
    const all = (text: string, names: readonly string[]): { name: string; content: string }[] =>
      names.map((name) => ({ name, content: text }));
    await importAci(store, all("base", ["a", "b", "c", "d"]), { name: "example.com/base" });
    await importAci(store, all("first", ["b", "c", "d"]), {
      name: "example.com/first",
      dependencies: [{ imageName: "example.com/base" }],
    });
    await importAci(store, all("second", ["c", "d"]), { name: "example.com/second" });
    const { record } = await importAci(store, all("top", ["d"]), {
      dependencies: [{ imageName: "example.com/first" }, { imageName: "example.com/second" }],
    });
    const { rootfs } = await store.render(record.id);
    assert.deepEqual(contentsOf(rootfs), { a: "base", b: "first", c: "second", d: "top" });
  });

  it("takes the dependency whose labels and id are asked for", async () => {
    const { store } = await storeIn(scratch());
    const name = "example.com/base";
    const one = await importAci(store, [{ name: "v", content: "1" }], { name, version: "1" });
    await importAci(store, [{ name: "v", content: "2" }], { name, version: "2" });
    const labelled = await importAci(store, [], {
      dependencies: [{ imageName: name, labels: [{ name: "version", value: "1" }] }],
    });
    const byId = await importAci(store, [{ name: "x" }], {
      dependencies: [{ imageName: name, imageID: one.record.id }],
    });
    for (const image of [labelled, byId]) {
      assert.equal(readFileSync(join((await store.render(image.record.id)).rootfs, "v"), "utf8"), "1");
    }
  });

  it("makes another tree when a newer dependency came", async () => {
    const { store } = await storeIn(scratch());
    const name = "example.com/base";
    await importAci(store, [{ name: "v", content: "1" }], { name, version: "1" });
    const { record } = await importAci(store, [], { dependencies: [{ imageName: name }] });
    const before = await store.render(record.id);
    await importAci(store, [{ name: "v", content: "2" }], { name, version: "2" });
    const after = await store.render(record.id);
    assert.notEqual(before.id, after.id);
    assert.equal(readFileSync(join(after.rootfs, "v"), "utf8"), "2");
  });

  it("says which dependency is missing, and refuses a circle", async () => {
    const { store } = await storeIn(scratch());
    const lacking = await importAci(store, [], { dependencies: [{ imageName: "example.com/none" }] });
    await assert.rejects(
      store.render(lacking.record.id),
      /depends on example.com\/none, which is not in the store/,
    );
    await importAci(store, [], {
      name: "example.com/one",
      dependencies: [{ imageName: "example.com/two" }],
    });
    const two = await importAci(store, [], {
      name: "example.com/two",
      dependencies: [{ imageName: "example.com/one" }],
    });
    await assert.rejects(store.render(two.record.id), /depends on itself/);
  });

  it("leaves only what the whitelists of an image and of those above it name", async () => {
    const { store } = await storeIn(scratch());
    await importAci(store, [{ name: "etc/a" }, { name: "etc/b" }, { name: "usr/c" }], {
      name: "example.com/base",
      pathWhitelist: ["/etc/a", "/usr/c"],
    });
    const { record } = await importAci(store, [{ name: "top" }, { name: "rest" }], {
      dependencies: [{ imageName: "example.com/base" }],
      pathWhitelist: ["/etc/a", "/etc/b", "/top"],
    });
    const { rootfs } = await store.render(record.id);
    assert.deepEqual(Object.keys(contentsOf(rootfs)), ["etc/a", "top"]);
    assert.equal(existsSync(join(rootfs, "usr")), false);
  });

  it("puts the layers of an OCI image one over the other, with their whiteouts", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importOci(store, [
      [{ name: "gone" }, { name: "dir/low" }, { name: "kept", content: "1" }],
      [{ name: ".wh.gone" }, { name: "dir/new" }, { name: "dir/.wh..wh..opq" }],
    ]);
    const { rootfs } = await store.render(record.id);
    assert.deepEqual(contentsOf(rootfs), { "dir/new": "", kept: "1" });
  });

  it("makes one tree when two want it at once", async () => {
    const { store } = await storeIn(scratch());
    const other = await storeIn(scratch());
    const { record } = await importAci(store, [{ name: "a", content: "1" }]);
    const [one, two] = await Promise.all([store.render(record.id), other.store.render(record.id)]);
    assert.equal(one.id, two.id);
    assert.deepEqual(readdirSync(store.folders.trees), [one.id]);
    assert.deepEqual(readdirSync(store.folders.temporary), []);
  });

  it("keeps what rkt keeps beside a tree", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, []);
    const { id } = await store.render(record.id);
    const names = readdirSync(store.folders.tree(id)).sort();
    assert.deepEqual(names, ["hash", "image", "manifest", "rendered", "rootfs"]);
    assert.equal(readFileSync(join(store.folders.tree(id), "image"), "utf8"), record.id);
  });

  it("refuses bytes that changed in the store", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, [{ name: "a", content: "honest" }]);
    const path = store.folders.aci(record.id);
    writeFileSync(path, Buffer.from(readFileSync(path, "latin1").replace("honest", "forged"), "latin1"));
    await assert.rejects(store.render(record.id), /the image in the store is damaged/);
    await assert.rejects(verifyImage(store, record.id), /the image in the store is damaged/);
    assert.deepEqual(readdirSync(store.folders.trees), []);
  });
});

describe("checking a tree", () => {
  const scratch = scratchFolder();

  it("notices a changed content, mode, name, and a file more or less", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, [{ name: "a", content: "1" }, { name: "b/c" }]);
    const changes: ((rootfs: string) => void)[] = [
      (rootfs) => {
        writeFileSync(join(rootfs, "a"), "2");
      },
      (rootfs) => {
        chmodSync(join(rootfs, "a"), 0o4755);
      },
      (rootfs) => {
        writeFileSync(join(rootfs, "b", "d"), "");
      },
    ];
    for (const change of changes) {
      const tree = await store.renderAnew(record.id);
      await store.checkTree(tree.id);
      change(tree.rootfs);
      await assert.rejects(store.checkTree(tree.id), /wrong tree hash/);
    }
  });

  it("renders a spoiled tree anew when the image is verified", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, [{ name: "a", content: "1" }]);
    assert.equal((await verifyImage(store, record.id)).kind, "rendered");
    assert.equal((await verifyImage(store, record.id)).kind, "whole");
    const tree = await store.render(record.id);
    const before = statSync(tree.rootfs).ino;
    writeFileSync(join(tree.rootfs, "a"), "2");
    assert.equal((await verifyImage(store, record.id)).kind, "rendered");
    assert.equal(readFileSync(join(tree.rootfs, "a"), "utf8"), "1");
    assert.notEqual(statSync(tree.rootfs).ino, before);
    await store.checkTree(tree.id);
  });
});
