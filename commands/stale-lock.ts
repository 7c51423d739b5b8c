/**
 * A run that was killed leaves its lock on the stack. It is taken away only when its holder is provably dead:
 * a process of this machine that is no more, or whose number another program has by now.
 */
import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { PROJECT } from "./program.ts";
import { pulumi } from "./pulumi.ts";

const lockSchema = z.object({ pid: z.number(), hostname: z.string(), timestamp: z.string().default("") });

export type Holder = "dead" | "alive" | "elsewhere";

export async function holderOf(lock: { readonly pid: number; readonly hostname: string }): Promise<Holder> {
  if (lock.hostname !== hostname()) return "elsewhere";
  const command = await readFile(`/proc/${lock.pid}/comm`, "utf8").catch(() => "");
  return command.trim() === "pulumi" ? "alive" : "dead";
}

/** Cancels what a dead run left locked. Says so, and says why when it leaves a lock alone. */
export async function clearStaleLock(stack: string, say: (line: string) => void): Promise<void> {
  const chosen = process.env["PULUMI_BACKEND_URL"];
  // Another backend than files keeps its locks itself.
  if (chosen !== undefined && chosen !== "" && !chosen.startsWith("file:///")) return;
  const backend =
    chosen === undefined || chosen === "" ? join(PROJECT, ".rktnetes", "state") : fileURLToPath(chosen);
  const folder = join(backend, ".pulumi", "locks", "organization", "rktnetes", stack);
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    const lock = lockSchema.parse(JSON.parse(await readFile(join(folder, name), "utf8")));
    const holder = await holderOf(lock);
    if (holder === "dead") {
      say(`an interrupted run (process ${lock.pid}) left the stack locked: taking the lock away`);
      const cancelled = await pulumi(["cancel", "--yes", "--stack", stack]);
      if (cancelled.code !== 0) throw new Error(`pulumi cancel failed: ${cancelled.stderr.trim()}`);
      return;
    }
    say(
      holder === "alive"
        ? `process ${lock.pid} is working on this stack (since ${lock.timestamp}): wait for it, or end it`
        : `the stack is locked from ${lock.hostname} (process ${lock.pid}, since ${lock.timestamp}): if that run is surely dead, type bin/pulumi cancel`,
    );
  }
}
