import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readInsideRoot, resolveInsideRoot } from "../../stage1/insideRoot.ts";

describe("a path inside an app's root", () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "rktnetes-root-"));
    mkdirSync(join(root, "etc"));
    writeFileSync(join(root, "etc", "passwd"), "app:x:7:8::/:\n");
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("follows an absolute link inside the root", () => {
    symlinkSync("/etc/passwd", join(root, "accounts"));
    assert.equal(readInsideRoot(root, "/accounts"), "app:x:7:8::/:\n");
  });

  it("does not climb out, by name or by link", () => {
    symlinkSync("../../../../../../etc", join(root, "up"));
    assert.equal(resolveInsideRoot(root, "/up/passwd"), join(root, "etc", "passwd"));
    assert.equal(resolveInsideRoot(root, "../../etc/passwd"), join(root, "etc", "passwd"));
  });

  it("ends where links go in circles", () => {
    symlinkSync("loop", join(root, "loop"));
    assert.equal(resolveInsideRoot(root, "/loop"), undefined);
  });

  it("is no text where it is a folder", () => {
    assert.equal(readInsideRoot(root, "/etc"), undefined);
  });
});
