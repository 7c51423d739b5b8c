import assert from "node:assert/strict";
import { knowsOverlay } from "../../../engine/pods/overlay.ts";

const loaded = "nodev\tsysfs\n\text4\nnodev\toverlay\n";
const plain = "nodev\tsysfs\n\text4\n";
const listed = "kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz\nkernel/fs/overlayfs/overlay.ko.xz:\n";

describe("what a kernel knows of overlays", () => {
  it("is told by its file systems once the module is there", () => {
    const unread = (): string => assert.fail("the modules need not be looked at");
    assert.ok(knowsOverlay(loaded, unread));
  });

  it("is told by its modules before the first overlay is mounted", () => {
    assert.ok(knowsOverlay(plain, () => listed));
    assert.ok(knowsOverlay(plain, () => "kernel/fs/overlayfs/overlay.ko:\n"));
  });

  it("is nothing where neither has it", () => {
    assert.ok(!knowsOverlay(plain, () => ""));
    assert.ok(!knowsOverlay(plain, () => "kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz\n"));
  });
});
