import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aciOf } from "../store/images.ts";
import { archiveOf } from "./unpack/archive.ts";
import { nothingInsecure } from "../../../engine/insecureOptions.ts";
import { Bench, identity, signatureOf } from "./bench.ts";

describe("fetching an ACI from a file", () => {
  let bench: Bench;
  const aci = aciOf([{ name: "hello", content: "world" }], { name: "example.com/app" });

  beforeEach(async () => {
    bench = await Bench.set();
  });

  afterEach(() => {
    bench.clear();
  });

  const file = async (name: string, content: Buffer): Promise<string> => {
    await writeFile(join(bench.folder, name), content);
    return join(bench.folder, name);
  };

  it("brings it in when the signature beside it holds, and says whose it is", async () => {
    const path = await file("x.aci", aci);
    await file("x.aci.asc", signatureOf("example.com/app", aci));
    const { record } = await bench.fetch(path);
    assert.deepEqual(record.verification, { by: "openpgp", fingerprint: "f00d", identity });
    assert.deepEqual(bench.lines, ["image: signature verified:", `  ${identity}`]);
    assert.deepEqual(
      (await bench.store.list()).map(({ id }) => id),
      [record.id],
    );
    assert.deepEqual(await bench.leftovers(), []);
  });

  it("wants a signature beside it, in rkt's words", async () => {
    const path = await file("x.aci", aci);
    await assert.rejects(bench.fetch(path), { message: `open ${path}.asc: no such file or directory` });
    const bare = await file("y", aci);
    await assert.rejects(bench.fetch(bare), { message: `open ${bare}.aci.asc: no such file or directory` });
  });

  it("says that the image is missing when its signature is not", async () => {
    const signature = await file("x.aci.asc", signatureOf("example.com/app", aci));
    const path = join(bench.folder, "x.aci");
    await assert.rejects(bench.fetch(path, { signature }), {
      message: `open ${path}: no such file or directory`,
    });
  });

  it("shows nothing of an image whose signature does not hold, and leaves nothing", async () => {
    const path = await file("x.aci", aci);
    await file("x.aci.asc", signatureOf("example.com/other", aci));
    await assert.rejects(bench.fetch(path), /openpgp: signature made by unknown entity/);
    assert.deepEqual(await bench.store.list(), []);
    assert.deepEqual(await bench.leftovers(), []);
  });

  it("takes a signature from where it is told", async () => {
    const path = await file("x.aci", aci);
    const signature = await file("elsewhere.sig", signatureOf("example.com/app", aci));
    await bench.fetch(path, { signature });
  });

  it("asks for no signature where that was switched off, warns, and records it", async () => {
    bench.insecure = { ...nothingInsecure, image: true };
    const { record } = await bench.fetch(await file("x.aci", aci));
    assert.deepEqual(record.verification, { by: "nothing", reason: "--insecure-options=image" });
    assert.deepEqual(bench.lines, ["image: warning: image signature verification has been disabled"]);
  });

  it("asks for one in spite of every other switch", async () => {
    bench.insecure = { ...nothingInsecure, tls: true, http: true, pubkey: true, ondisk: true };
    const path = await file("x.aci", aci);
    await assert.rejects(bench.fetch(path), /x\.aci\.asc: no such file/);
  });

  it("trusts what came with the engine's package, and no link to elsewhere", async () => {
    const folder = join(bench.folder, "library", "stage1-images");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "stage1-oci.aci"), aci);
    const { record } = await bench.fetch(join(folder, "stage1-oci.aci"));
    assert.deepEqual(record.verification, { by: "nothing", reason: "part of the engine's package" });
    const outside = await file("x.aci", aci);
    const { symlink } = await import("node:fs/promises");
    await symlink(outside, join(folder, "link.aci"));
    await assert.rejects(bench.fetch(join(folder, "link.aci")), /link\.aci\.asc: no such file/);
  });

  it("refuses what is no ACI, whoever signed it", async () => {
    for (const [what, content] of [
      ["missing manifest", archiveOf([{ name: "rootfs/", type: "5" }])],
      ["two manifests", Buffer.concat([aci.subarray(0, 1024), aci])],
    ] as const) {
      const path = await file("x.aci", content);
      await file("x.aci.asc", signatureOf("example.com/app", content));
      await assert.rejects(bench.fetch(path), new RegExp(what));
      assert.deepEqual(await bench.store.list(), []);
    }
  });

  it("is found again by its id, the beginning of it and its name, without its file", async () => {
    bench.insecure = { ...nothingInsecure, image: true };
    const path = await file("x.aci", aciOf([], { name: "example.com/app", version: "2" }));
    const { record } = await bench.fetch(path);
    await rm(path);
    assert.equal((await bench.fetch(record.id)).record.id, record.id);
    assert.equal((await bench.fetch(record.id.slice(0, 20))).record.id, record.id);
  });
});
