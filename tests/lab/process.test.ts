import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  awaitEnd,
  isAlive,
  parseKnownProcess,
  readKnownProcess,
  send,
  startTimeIn,
} from "../../lab/process.ts";

describe("a process that outlives its creator", () => {
  it("is told from another one that got its id later", async () => {
    const started = startTimeIn(await readFile(`/proc/${process.pid}/stat`, "utf8")) ?? "";
    assert.equal(await isAlive({ pid: process.pid, started }), true);
    assert.equal(await isAlive({ pid: process.pid, started: "1" }), false);
  });

  it("has a start time whatever its name is", () => {
    const fields = Array.from({ length: 50 }, (_, index) => String(index + 3)).join(" ");
    assert.equal(startTimeIn(`12 (a) b (c) S ${fields.split(" ").slice(1).join(" ")}`), "22");
  });

  it("is awaited until its end, and not beyond the deadline", async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    await once(child, "spawn");
    const pid = child.pid ?? 0;
    const closed = once(child, "close");
    const known = { pid, started: startTimeIn(await readFile(`/proc/${pid}/stat`, "utf8")) ?? "" };
    assert.equal(await awaitEnd(known, 40), false);
    send(pid, "SIGKILL");
    assert.equal(await awaitEnd(known, 5000), true);
    await closed;
    assert.doesNotThrow(() => {
      send(pid, "SIGKILL");
    });
  });

  it("is unknown when its file is not there, or is not whole", async () => {
    const folder = await mkdtemp(join(tmpdir(), "process-"));
    try {
      assert.equal(await readKnownProcess(join(folder, "none")), undefined);
      await writeFile(join(folder, "part"), "123");
      assert.equal(await readKnownProcess(join(folder, "part")), undefined);
      assert.deepEqual(parseKnownProcess("123 456\n"), { pid: 123, started: "456" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
