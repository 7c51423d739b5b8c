import assert from "node:assert/strict";
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportImage, extractImage, renderImage } from "../../../engine/store/takeOut.ts";
import { aciOf, facts, importAci, importOci, scratchFolder, storeIn } from "./images.ts";

const keep = { overwrite: false, rootfsOnly: false };

describe("taking an image out of the store", () => {
  const scratch = scratchFolder();
  const output = (): string => join(scratch(), "output");

  it("exports an ACI as it came, uncompressed", async () => {
    const { store } = await storeIn(scratch());
    const members = [{ name: "a", content: "1" }];
    const { record } = await importAci(store, members);
    await exportImage(store, record.id, output(), keep);
    assert.deepEqual(readFileSync(output()), aciOf(members));
    await assert.rejects(
      exportImage(store, record.id, output(), keep),
      /output ACI file exists \(try --overwrite\)/,
    );
    await exportImage(store, record.id, output(), { overwrite: true });
  });

  it("exports an OCI image as an ACI that renders to the same tree", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importOci(store, [
      [{ name: "a", content: "1" }, { name: "gone" }],
      [{ name: ".wh.gone" }, { name: "link", type: "2", target: "a" }],
    ]);
    await exportImage(store, record.id, output(), keep);
    const again = await store.importAci(createReadStream(output()), facts);
    const { rootfs } = await store.render(again.record.id);
    assert.deepEqual(readdirSync(rootfs).sort(), ["a", "link"]);
    assert.equal(again.manifest.name, "registry.example.com/lib/test");
  });

  it("extracts an image alone, and renders it with what it depends on", async () => {
    const { store } = await storeIn(scratch());
    await importAci(store, [{ name: "base" }], { name: "example.com/base" });
    const { record } = await importAci(store, [{ name: "top" }], {
      dependencies: [{ imageName: "example.com/base" }],
    });
    await extractImage(store, record.id, output(), keep);
    assert.deepEqual(readdirSync(output()).sort(), ["manifest", "rootfs"]);
    assert.deepEqual(readdirSync(join(output(), "rootfs")), ["top"]);
    await renderImage(store, record.id, output(), { overwrite: true, rootfsOnly: true });
    assert.deepEqual(readdirSync(output()).sort(), ["base", "top"]);
    await extractImage(store, record.id, output(), { overwrite: true, rootfsOnly: true });
    assert.deepEqual(readdirSync(output()), ["top"]);
    await renderImage(store, record.id, output(), { overwrite: true, rootfsOnly: false });
    assert.deepEqual(readdirSync(output()).sort(), ["manifest", "rootfs"]);
  });

  it("refuses a folder that is there, and the root of the host always", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, []);
    mkdirSync(output());
    writeFileSync(join(output(), "mine"), "");
    await assert.rejects(
      extractImage(store, record.id, output(), keep),
      /output directory exists \(try --overwrite\)/,
    );
    await assert.rejects(
      renderImage(store, record.id, "/", { overwrite: true, rootfsOnly: false }),
      /this would delete your root filesystem. Refusing./,
    );
    assert.equal(existsSync(join(output(), "mine")), true);
  });

  it("leaves the old folder in place when the image cannot be rendered", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, [{ name: "a", content: "honest" }]);
    const path = store.folders.aci(record.id);
    writeFileSync(path, Buffer.from(readFileSync(path, "latin1").replace("honest", "forged"), "latin1"));
    mkdirSync(output());
    writeFileSync(join(output(), "mine"), "");
    await assert.rejects(
      renderImage(store, record.id, output(), { overwrite: true, rootfsOnly: false }),
      /damaged/,
    );
    assert.deepEqual(readdirSync(output()), ["mine"]);
    assert.deepEqual(readdirSync(scratch()).sort(), ["cas", "output"]);
  });
});
