import assert from "node:assert/strict";
import { cpio, file, folder, link } from "../../../stage1/kvm/cpio.ts";

/** Reads "newc" back by its definition in the kernel's initramfs format. */
function entriesOf(archive: Buffer): readonly (readonly [string, string, string])[] {
  const entries: (readonly [string, string, string])[] = [];
  const aligned = (offset: number): number => Math.ceil(offset / 4) * 4;
  for (let offset = 0; ;) {
    assert.equal(archive.toString("latin1", offset, offset + 6), "070701");
    const number = (index: number): number =>
      parseInt(archive.toString("latin1", offset + 6 + index * 8, offset + 14 + index * 8), 16);
    const [mode, size, nameLength] = [number(1), number(6), number(11)];
    const name = archive.toString("latin1", offset + 110, offset + 110 + nameLength - 1);
    if (name === "TRAILER!!!") return entries;
    const start = aligned(offset + 110 + nameLength);
    entries.push([name, mode.toString(8), archive.toString("latin1", start, start + size)]);
    offset = aligned(start + size);
  }
}

describe("a first root's archive", () => {
  it("is read back as it was written, whatever the lengths", () => {
    const archive = cpio([
      folder("bin"),
      file("bin/a", "x", 0o755),
      file("odd", "12345"),
      link("bin/sh", "busybox"),
    ]);
    assert.equal(archive.length % 4, 0);
    assert.deepEqual(entriesOf(archive), [
      ["bin", "40755", ""],
      ["bin/a", "100755", "x"],
      ["odd", "100644", "12345"],
      ["bin/sh", "120777", "busybox"],
    ]);
  });
});
