/** As root alone: what root makes of a store to which others write. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { Fault } from "../../../errors/fault.ts";
import type { DiskStore } from "../../../engine/store/DiskStore.ts";
import { importAci, importOci, scratchFolder, storeIn } from "./images.ts";

describe("root, in a store to which the group writes", () => {
  const scratch = scratchFolder();
  let store: DiskStore;

  before(function () {
    if (process.geteuid?.() !== 0) this.skip();
  });

  beforeEach(async () => {
    ({ store } = await storeIn(scratch()));
  });

  /** As a member leaves an image: root's own copy is what a member cannot write. */
  async function byMember(name: string): Promise<string> {
    const { record } = await importAci(store, [{ name: name.replaceAll("/", "-") }], { name });
    rmSync(store.folders.vouchedCopy(record.id));
    return record.id;
  }

  it("renders no image that it has not brought itself, until it has", async () => {
    const id = await byMember("example.com/app");
    await assert.rejects(store.render(id), (error) => {
      assert.ok(error instanceof Fault);
      assert.match(error.message, /put into the store by a member of group rkt[\s\S]*fetch it as root/);
      return true;
    });
    await importAci(store, [{ name: "example.com-app" }], { name: "example.com/app" });
    await store.render(id);
  });

  it("renders no image that depends on one that it has not brought", async () => {
    await byMember("example.com/base");
    const { record } = await importAci(store, [], {
      name: "example.com/app",
      dependencies: [{ imageName: "example.com/base" }],
    });
    await assert.rejects(
      store.render(record.id),
      /image "example\.com\/base" was put into the store by a member/,
    );
  });

  it("takes its own image of a name before a newer one of a member's", async () => {
    const { record } = await importAci(store, [], { name: "example.com/app" });
    const other = await importAci(store, [{ name: "newer" }], { name: "example.com/app" });
    rmSync(store.folders.vouchedCopy(other.record.id));
    assert.equal((await store.byName("example.com/app", new Map()))?.record.id, record.id);
  });

  it("goes by its own copy of record and manifest, whatever was written over the others", async () => {
    const { record, manifest } = await importAci(store, [], { name: "example.com/app" });
    for (const path of [store.folders.record(record.id), store.folders.manifest(record.id)]) {
      writeFileSync(path, readFileSync(path, "utf8").replaceAll("example.com/app", "example.com/evil"));
    }
    const found = await store.byId(record.id);
    assert.deepEqual([found.record.name, found.manifest], ["example.com/app", manifest]);
    assert.equal(await store.byName("example.com/evil", new Map()), undefined);
  });

  it("takes no description of an image for the one that its digest names", async () => {
    const { record } = await importOci(store, [[{ name: "a" }]]);
    const description = store.folders.blob(record.oci?.configDigest ?? "");
    writeFileSync(description, readFileSync(description, "utf8").replace("/bin/true", "/bin/evil"));
    await assert.rejects(store.render(record.id), /damaged/);
  });

  it("takes none either when it brings the image and the description lies there already", async () => {
    const { record } = await importOci(store, [[{ name: "a" }]]);
    const description = store.folders.blob(record.oci?.configDigest ?? "");
    writeFileSync(description, readFileSync(description, "utf8").replace("/bin/true", "/bin/evil"));
    await assert.rejects(importOci(store, [[{ name: "a" }]]), /damaged, and is taken away/);
    await importOci(store, [[{ name: "a" }]]);
  });

  it("forgets an image that is removed", async () => {
    const { record } = await importAci(store, [], { name: "example.com/app" });
    await store.remove(record.id);
    assert.equal(store.isVouched(record.id), false);
  });
});
