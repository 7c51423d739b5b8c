import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { aciOf, facts, importAci, importOci, scratchFolder, storeIn } from "./images.ts";
import { archiveOf } from "../images/unpack/archive.ts";

describe("the store", () => {
  const scratch = scratchFolder();

  it("gives an ACI the same id whether it came compressed or not", async () => {
    const { store } = await storeIn(scratch());
    const aci = aciOf([{ name: "a", content: "hello" }]);
    const ids = new Set<string>();
    for (const bytes of [aci, gzipSync(aci), zstdCompressSync(aci)]) {
      ids.add((await store.importAci(Readable.from([bytes]), facts)).record.id);
    }
    assert.equal(ids.size, 1);
    assert.match([...ids][0]!, /^sha512-[0-9a-f]{64}$/);
  });

  it("keeps the uncompressed bytes of an ACI and its manifest", async () => {
    const { store } = await storeIn(scratch());
    const aci = aciOf([{ name: "a", content: "hello" }], { name: "example.com/kept" });
    const { record, manifest } = await store.importAci(Readable.from([gzipSync(aci)]), facts);
    assert.deepEqual(readFileSync(store.folders.aci(record.id)), aci);
    assert.equal(manifest.name, "example.com/kept");
    assert.equal(record.size, aci.length);
    assert.deepEqual(
      (await store.list()).map(({ id }) => id),
      [record.id],
    );
  });

  it("finds an image by the beginning of its id and says which of two things went wrong otherwise", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, []);
    assert.equal((await store.byId(record.id.slice(0, 12))).record.id, record.id);
    assert.equal((await store.byId(`${record.id}${"0".repeat(64)}`)).record.id, record.id);
    await assert.rejects(store.byId("sha512-1"), /^Fault: image ID too short/);
    const other = record.id.startsWith("sha512-00") ? "sha512-11" : "sha512-00";
    await assert.rejects(store.byId(other), /^Fault: no image IDs found/);
    writeFileSync(join(store.folders.images, `${record.id.slice(0, -1)}x.json`), "");
    const twin = `${record.id.slice(0, -1)}${record.id.endsWith("0") ? "1" : "0"}`;
    writeFileSync(join(store.folders.images, `${twin}.json`), "{}");
    await assert.rejects(store.byId(record.id.slice(0, 12)), /^Fault: ambiguous image ID/);
  });

  it("finds the newest image of a name, and the asked-for version when there is one", async () => {
    const { store } = await storeIn(scratch());
    const first = await importAci(store, [], { version: "1" });
    const second = await importAci(store, [], { version: "2" });
    const found = await store.byName("example.com/test", new Map());
    assert.equal(found?.record.id, second.record.id);
    const one = await store.byName("example.com/test", new Map([["version", "1"]]));
    assert.equal(one?.record.id, first.record.id);
    assert.equal(await store.byName("example.com/test", new Map([["version", "3"]])), undefined);
    assert.equal(await store.byName("example.com/other", new Map()), undefined);
  });

  it("refuses an archive that is no ACI and leaves nothing of it", async () => {
    const { store } = await storeIn(scratch());
    const bad = [
      archiveOf([{ name: "manifest", content: "{}" }]),
      archiveOf([{ name: "rootfs/", type: "5" }]),
      archiveOf([{ name: "other", content: "x" }]),
      Buffer.from("not an archive at all".repeat(100)),
      aciOf([{ name: "a", content: "cut off".repeat(1000) }]).subarray(0, 4000),
      gzipSync(aciOf([])).subarray(0, 60),
    ];
    for (const bytes of bad) {
      await assert.rejects(store.importAci(Readable.from([bytes]), facts), /^Fault/);
    }
    assert.deepEqual(await store.list(), []);
    assert.deepEqual(readdirSync(store.folders.temporary), []);
  });

  it("leaves nothing of an import whose source breaks off", async () => {
    const { store } = await storeIn(scratch());
    const source = Readable.from(
      (function* () {
        yield aciOf([]).subarray(0, 700);
        throw new Error("connection reset");
      })(),
    );
    await assert.rejects(store.importAci(source, facts), /connection reset/);
    assert.deepEqual(readdirSync(store.folders.temporary), []);
  });

  it("refuses a blob that is not what its digest says", async () => {
    const { store } = await storeIn(scratch());
    const digest = `sha256:${"0".repeat(64)}`;
    await assert.rejects(
      store.addBlob(digest, Readable.from([Buffer.from("x")])),
      /not those that were asked for/,
    );
    assert.equal(await store.hasBlob(digest), false);
    assert.deepEqual(readdirSync(store.folders.temporary), []);
  });

  it("refuses an OCI image of which a layer is missing", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importOci(store, [[{ name: "a" }]]);
    const bytes = readFileSync(store.folders.blob(record.oci!.manifestDigest));
    rmSync(store.folders.blob(record.oci!.layers[0]!.digest));
    await assert.rejects(
      store.importOci(bytes, { ...facts, repoTag: "registry.example.com/lib/test:1" }),
      /a part of the image is not in the store/,
    );
  });

  it("moves a tag to the image that got it last", async () => {
    const { store } = await storeIn(scratch());
    const tag = "registry.example.com/lib/test:1";
    const old = await importOci(store, [[{ name: "a" }]], tag);
    const young = await importOci(store, [[{ name: "b" }]], tag);
    assert.deepEqual((await store.byId(old.record.id)).record.oci?.repoTags, []);
    assert.deepEqual((await store.byId(young.record.id)).record.oci?.repoTags, [tag]);
    assert.equal((await store.byName(tag, new Map()))?.record.id, young.record.id);
  });

  it("gives one image all of its tags", async () => {
    const { store } = await storeIn(scratch());
    await importOci(store, [[{ name: "a" }]], "registry.example.com/lib/test:1");
    const { record } = await importOci(store, [[{ name: "a" }]], "registry.example.com/lib/test:2");
    assert.deepEqual(record.oci?.repoTags.toSorted(), [
      "registry.example.com/lib/test:1",
      "registry.example.com/lib/test:2",
    ]);
    assert.equal((await store.list()).length, 1);
  });

  it("remembers where an image came from", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, []);
    const remote = {
      url: "https://example.com/a.aci",
      etag: '"1"',
      maxAgeSeconds: 60,
      downloadTime: new Date(0).toISOString(),
      id: record.id,
    };
    await store.rememberRemote(remote);
    assert.deepEqual(await store.remote(remote.url), remote);
    assert.equal(await store.remote("https://example.com/b.aci"), undefined);
  });

  it("removes an image with all that was only its own", async () => {
    const { store } = await storeIn(scratch());
    const shared = [{ name: "shared" }];
    const one = await importOci(store, [shared, [{ name: "a" }]], "registry.example.com/lib/a:1");
    const two = await importOci(store, [shared, [{ name: "b" }]], "registry.example.com/lib/b:1");
    await store.remove(one.record.id);
    assert.deepEqual(
      (await store.list()).map(({ id }) => id),
      [two.record.id],
    );
    const [base, own] = one.record.oci!.layers;
    assert.equal(await store.hasBlob(base!.digest), true);
    assert.equal(await store.hasBlob(own!.digest), false);
    await store.render(two.record.id);
    await assert.rejects(store.remove(one.record.id), /is not in the store/);
  });

  it("does not remove an image that somebody uses", async () => {
    const { store } = await storeIn(scratch());
    const other = await storeIn(scratch());
    const { record } = await importAci(store, []);
    const use = await store.use(record.id);
    await assert.rejects(other.store.remove(record.id), /is in use/);
    use.release();
    await other.store.remove(record.id);
    await assert.rejects(store.use(record.id), /is not in the store/);
  });

  it("notes when an image was used", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, []);
    (await store.use(record.id)).release();
    const [listed] = await store.list();
    assert.ok(listed!.lastUsed >= record.importTime);
  });
});

describe("opening a store", () => {
  const scratch = scratchFolder();

  it("refuses one that upstream left, and says what to do", async () => {
    mkdirSync(join(scratch(), "cas", "db"), { recursive: true });
    writeFileSync(join(scratch(), "cas", "db", "ql.db"), "records");
    await assert.rejects(storeIn(scratch()), /left by another rkt[^]*remedy:/);
    assert.equal(existsSync(join(scratch(), "cas", "version")), false);
  });

  it("takes the folders that upstream's package makes, whose database is empty", async () => {
    mkdirSync(join(scratch(), "cas", "db"), { recursive: true });
    writeFileSync(join(scratch(), "cas", "db", "ql.db"), "");
    await storeIn(scratch());
  });

  it("refuses one of another version", async () => {
    await storeIn(scratch());
    writeFileSync(join(scratch(), "cas", "version"), "2\n");
    await assert.rejects(storeIn(scratch()), /of another version/);
  });
});
