import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { lock, locked, tryLock } from "../../../engine/store/lock.ts";
import { scratchFolder } from "./images.ts";

describe("a lock", () => {
  const scratch = scratchFolder();
  const file = (): string => join(scratch(), "lock");

  it("is shared by readers and keeps writers out until the last reader has gone", async () => {
    const one = await lock(file(), "shared");
    const two = await lock(file(), "shared");
    assert.equal(await tryLock(file(), "exclusive"), undefined);
    one.release();
    assert.equal(await tryLock(file(), "exclusive"), undefined);
    two.release();
    const writer = await tryLock(file(), "exclusive");
    assert.ok(writer);
    assert.equal(await tryLock(file(), "shared"), undefined);
    writer.release();
  });

  it("is waited for", async () => {
    const order: string[] = [];
    const first = await lock(file(), "exclusive");
    const second = locked(file(), "exclusive", () => order.push("second"));
    order.push("first");
    first.release();
    await second;
    assert.deepEqual(order, ["first", "second"]);
  });

  it("is let go when its work fails, and only once when released twice", async () => {
    await assert.rejects(
      locked(file(), "exclusive", () => {
        throw new Error("work failed");
      }),
      /work failed/,
    );
    const held = await tryLock(file(), "exclusive");
    held?.release();
    held?.release();
    assert.ok(held);
  });

  it("is not a lock on a file that was removed while somebody waited", async () => {
    const first = await lock(file(), "exclusive");
    const second = lock(file(), "exclusive");
    rmSync(file());
    first.release();
    const held = await second;
    assert.equal(await tryLock(file(), "exclusive"), undefined);
    held.release();
  });

  it("dies with the process that holds it", async () => {
    const module = new URL("../../../engine/store/lock.ts", import.meta.url).href;
    const program = `
      const { lock } = await import(${JSON.stringify(module)});
      await lock(process.argv[1], "exclusive");
      console.log("locked");
      setInterval(() => {}, 1000);
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program, file()]);
    await once(child.stdout, "data");
    assert.equal(await tryLock(file(), "exclusive"), undefined);
    const waiting = lock(file(), "exclusive");
    child.kill("SIGKILL");
    (await waiting).release();
  });
});
