import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { takeLock } from "../../tools/build-lock.ts";

describe("the build lock", function () {
  // Each test starts several processes, which takes long on a busy machine.
  this.timeout(60_000);

  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lock-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("lets the second run in when the first has released it, and tells who was waited for", async () => {
    const path = join(folder, "lock");
    const first = await takeLock(path, () => {
      assert.fail("nobody held it");
    });
    const told: string[] = [];
    let entered = false;
    const waiting = new Promise<void>((resolve) => {
      const second = takeLock(path, (holder) => {
        told.push(holder);
        assert.equal(entered, false);
        resolve(first.release());
      });
      void second.then((lock) => {
        entered = true;
        return lock.release();
      });
    });
    await waiting;
    const third = await takeLock(path, () => undefined);
    await third.release();
    assert.deepEqual(told, [String(process.pid)]);
    assert.equal(entered, true);
  });

  it("is free again when its holder is killed", async () => {
    const path = join(folder, "lock");
    const module = JSON.stringify(new URL("../../tools/build-lock.ts", import.meta.url).href);
    const script = `const { takeLock } = await import(${module}); await takeLock(${JSON.stringify(path)}, () => {}); console.log("held"); setInterval(() => {}, 1e6);`;
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");
    const ended = once(holder, "close");
    holder.kill("SIGKILL");
    await ended;
    const lock = await takeLock(path, () => undefined);
    await lock.release();
  });
});
