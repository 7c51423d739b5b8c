import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { feedWatchdog, tellReady } from "../../../../engine/cri/server/systemd.ts";

describe("what systemd is told", () => {
  let folder: string;
  let said: string;
  const path = process.env["PATH"] ?? "";

  /** A systemd-notify that writes down what it would say. */
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rktnetes-notify-"));
    said = join(folder, "said");
    writeFileSync(said, "");
    writeFileSync(join(folder, "systemd-notify"), `#!/bin/sh\necho "$@" >>${said}\n`);
    chmodSync(join(folder, "systemd-notify"), 0o755);
    process.env["PATH"] = `${folder}:${path}`;
  });

  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });

  const heard = (): string => readFileSync(said, "utf8");

  it("is that the service can be used, where a unit waits for that", async () => {
    await tellReady({});
    assert.equal(heard(), "");
    await tellReady({ NOTIFY_SOCKET: "/run/systemd/notify" });
    assert.equal(heard(), `--pid=${process.pid} READY=1\n`);
  });

  it("is that it goes on, again and again, where a watchdog waits for that", async () => {
    const rest = feedWatchdog({ WATCHDOG_USEC: "20000" });
    while (heard().split("\n").length < 3) await delay(5);
    rest();
    assert.match(heard(), /^(--pid=\d+ WATCHDOG=1\n)+$/);
  });

  it("is nothing where the watchdog is another process's, or there is none", async () => {
    const environments = [{}, { WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" }, { WATCHDOG_USEC: "no" }];
    const ends = environments.map((environment) => feedWatchdog(environment));
    const own = feedWatchdog({ WATCHDOG_USEC: "200000", WATCHDOG_PID: String(process.pid) });
    // Theirs would have come first.
    while (heard() === "") await delay(5);
    own();
    for (const end of ends) end();
    assert.equal(heard(), `--pid=${process.pid} WATCHDOG=1\n`);
  });
});
