import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readIfThere } from "../../lab/files.ts";
import { withLock } from "../../lab/lock.ts";

describe("a lock", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "lock-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("lets one after the other in, and leaves no file", async () => {
    let inside = 0;
    let most = 0;
    const visit = (): Promise<void> =>
      withLock(join(folder, "lock"), async () => {
        inside += 1;
        most = Math.max(most, inside);
        await delay(5);
        inside -= 1;
      });
    await Promise.all([visit(), visit(), visit(), visit(), visit()]);
    assert.equal(most, 1);
    assert.deepEqual(await readdir(folder), []);
  });

  it("is given back when the work fails", async () => {
    await assert.rejects(
      withLock(join(folder, "lock"), () => Promise.reject(new Error("the work"))),
      /the work/,
    );
    assert.equal(await withLock(join(folder, "lock"), () => Promise.resolve(7)), 7);
  });

  it("ends with a holder that is killed", async () => {
    const module = new URL("../../lab/lock.ts", import.meta.url).href;
    const program = `const { withLock } = await import(${JSON.stringify(module)});
      await withLock(process.argv[1], async () => { console.log("held"); await new Promise((r) => setTimeout(r, 60000)); });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, join(folder, "lock")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    assert.equal(await withLock(join(folder, "lock"), () => Promise.resolve("mine")), "mine");
  });

  it("is held until the workers of a killed holder have ended too", async () => {
    const lock = new URL("../../lab/lock.ts", import.meta.url).href;
    const program = new URL("../../lab/program.ts", import.meta.url).href;
    const source = `const { withLock } = await import(${JSON.stringify(lock)});
      const { run } = await import(${JSON.stringify(program)});
      await withLock(process.argv[1], (holding) => run("sh", ["-c", 'echo $$ >"$0"; read -r line <"$1"', process.argv[2], process.argv[3]], { holding }));`;
    const [started, gate] = [join(folder, "started"), join(folder, "gate")];
    execFileSync("mkfifo", [gate]);
    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", source, join(folder, "lock"), started, gate],
      {
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    while ((await readIfThere(started)) === undefined) await delay(10);
    child.kill("SIGKILL");
    await once(child, "close");
    let entered = false;
    const visit = withLock(join(folder, "lock"), () => {
      entered = true;
      return Promise.resolve();
    });
    await delay(150);
    assert.equal(entered, false);
    await writeFile(gate, "go\n");
    await visit;
    assert.equal(entered, true);
  });

  it("gives up waiting when the run is interrupted", async () => {
    const interruption = new AbortController();
    await withLock(join(folder, "lock"), async () => {
      const waiting = withLock(join(folder, "lock"), () => Promise.resolve(), interruption.signal);
      setTimeout(() => {
        interruption.abort();
      }, 50);
      await assert.rejects(waiting, /interrupted while waiting/);
    });
  });
});
