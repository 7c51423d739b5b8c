import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { Fault } from "../../errors/fault.ts";
import { POD_VARIABLE } from "./plugin.ts";

/** A plugin that hangs for longer does not end by itself. */
const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 5;

/**
 * Waits for programs that a killed setUp has left at work: what they would make after the taking away, nobody would
 * take away. They are not ours to wait for in the kernel's sense, so their number is looked at until it is none.
 */
export async function orphansGone(uuid: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const orphans = processesOf(uuid);
    if (orphans.length === 0) return;
    if (Date.now() > deadline) {
      throw new Fault({
        what: `programs that set up the network of pod ${uuid} are still at work`,
        got: `process ${orphans.join(", ")}`,
        remedy: "end them, then run rkt gc",
      });
    }
    await setTimeout(LOOK_EVERY_MS);
  }
}

function processesOf(uuid: string): readonly string[] {
  const mark = `${POD_VARIABLE}=${uuid}`;
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(mark);
    } catch {
      // It has ended, or is a thread of the kernel.
      return false;
    }
  });
}
