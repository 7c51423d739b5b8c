import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Part } from "../../../../engine/images/download/part.ts";
import { makerLives } from "../../../../engine/store/storeFolders.ts";

describe("a part of a download", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rktnetes-part-"));
  });

  afterEach(() => rm(folder, { recursive: true }));

  /** As if another process had written it. */
  const hand = async (maker: string): Promise<void> => {
    const [name = ""] = await readdir(folder);
    await rename(join(folder, name), join(folder, [maker, ...name.split(".").slice(3)].join(".")));
  };

  const leave = async (key: string, content: string, validator?: string): Promise<void> => {
    const part = await Part.open(folder, key);
    await part.restart(validator);
    await part.append(Buffer.from(content));
    await part.leave();
  };

  it("is continued with its version by whoever comes after a process that is no more", async () => {
    await leave("abc", "hello ", '"one"');
    await hand("4194305.1.another-boot");
    const part = await Part.open(folder, "abc");
    assert.deepEqual([part.size, part.validator, part.inherited], [6, '"one"', true]);
    await part.append(Buffer.from("world"));
    assert.equal(await text(part.read()), "hello world");
    await part.remove();
    assert.deepEqual(await readdir(folder), []);
  });

  it("is never taken from a process that lives, nor from this one while it is in hand", async () => {
    const first = await Part.open(folder, "abc");
    await first.append(Buffer.from("x"));
    const second = await Part.open(folder, "abc");
    assert.equal(second.size, 0);
    await Promise.all([first.remove(), second.remove()]);
    await leave("abc", "x");
    const sleeper = spawn("sleep", ["60"]);
    try {
      const pid = String(sleeper.pid);
      const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(" ");
      const boot = (await readdir(folder))[0]?.split(".")[2] ?? "";
      const maker = `${pid}.${fields[21] ?? ""}.${boot}`;
      assert.ok(makerLives(`${maker}.x`));
      await hand(maker);
      const other = await Part.open(folder, "abc");
      assert.equal(other.size, 0);
      await other.remove();
    } finally {
      sleeper.kill();
      await once(sleeper, "exit");
    }
  });

  it("is continued by one of several that come at once", async () => {
    await leave("abc", "x");
    const parts = await Promise.all(Array.from({ length: 8 }, () => Part.open(folder, "abc")));
    assert.deepEqual(parts.map(({ size }) => size).toSorted(), [0, 0, 0, 0, 0, 0, 0, 1]);
    assert.equal(new Set(parts.map(({ path }) => path)).size, 8);
    await Promise.all(parts.map((part) => part.remove()));
    assert.deepEqual(await readdir(folder), []);
  });

  it("is of what its key says, and of nothing else", async () => {
    await leave("abc", "x");
    const part = await Part.open(folder, "abcd");
    assert.equal(part.size, 0);
    await part.remove();
  });

  it("forgets a version too long for a file's name, rather than a part of it", async () => {
    await leave("abc", "x", `"${"e".repeat(200)}"`);
    const part = await Part.open(folder, "abc");
    assert.equal(part.validator, undefined);
    await part.remove();
  });

  it("may be continued by every member of the store's group, whatever the umask", async () => {
    const before = process.umask(0o077);
    try {
      const part = await Part.open(folder, "abc");
      assert.equal((await stat(part.path)).mode & 0o777, 0o660);
      await part.remove();
    } finally {
      process.umask(before);
    }
  });
});
