import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchFolder } from "./images.ts";

const program = fileURLToPath(new URL("importing.ts", import.meta.url));

/** Runs a shell's commands with the program and the store's folder as $1 and $2, and gives back what they said. */
function run(commands: string, data: string): string {
  return execFileSync("/bin/bash", ["-c", commands, "bash", program, data], {
    encoding: "utf8",
    env: { ...process.env, NODE: process.execPath },
  });
}

describe("a store without room", () => {
  const scratch = scratchFolder();

  it("says that a file may grow no further, and keeps nothing half made", () => {
    const said = run('ulimit -f 2000; exec "$NODE" "$1" once "$2"', scratch());
    assert.match(said, /^write: file too large/);
    assert.deepEqual(readdirSync(join(scratch(), "cas", "tmp")), []);
    assert.deepEqual(readdirSync(join(scratch(), "cas", "image")), []);
  });

  const onSmallDisk = (megabytes: number): string =>
    run(
      `unshare --mount bash -euc '
        mount -t tmpfs -o size=${megabytes}m tmpfs "$2"
        "$NODE" "$1" once "$2"
        find "$2/cas/tmp" "$2/cas/tree" -mindepth 1
      ' bash "$1" "$2"`,
      scratch(),
    );

  it("says that the disk is full when an image comes, and leaves nothing of it", function () {
    if (process.geteuid?.() !== 0) this.skip();
    assert.match(onSmallDisk(4), /^write: no space left on device\n {2}remedy: .*\n$/);
  });

  it("says that the disk is full when an image is rendered, and leaves nothing of the tree", function () {
    if (process.geteuid?.() !== 0) this.skip();
    const said = onSmallDisk(12);
    assert.match(
      said,
      /^imported\nexample.com\/test: cannot unpack rootfs\/big: write: no space left on device/,
    );
    assert.doesNotMatch(said, /cas\/(tmp|tree)\//);
  });
});
