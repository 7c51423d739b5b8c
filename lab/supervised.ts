/**
 * A program that outlives its creator, in control groups of its own: started through systemd where that is
 * the machine's init, and in a session of its own elsewhere.
 */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isUnified, makeCgroups, readHierarchies, removeCgroups } from "./cgroups.ts";
import { isThere } from "./files.ts";
import { attempt, run } from "./program.ts";

export interface Supervision {
  /** Groups that the supervisor joins by itself. */
  readonly joined: readonly string[];
  /** Groups that are emptied of what is below them before each boot. */
  readonly cleared: readonly string[];
  /** `yes` where systemd has made the group, in which the supervisor makes room for a payload. */
  readonly delegated: "yes" | "no";
}

export function initIsSystemd(): Promise<boolean> {
  return isThere("/run/systemd/system");
}

export async function prepareSupervision(cgroup: string): Promise<Supervision> {
  if (await initIsSystemd()) return { joined: [], cleared: [], delegated: "yes" };
  const folders = await makeCgroups(cgroup);
  if (!isUnified(await readHierarchies())) return { joined: folders, cleared: folders, delegated: "no" };
  // In cgroup v2 only leaves have members: supervisor here, payload beside it.
  const joined = folders.map((folder) => join(folder, "supervisor"));
  for (const folder of joined) await mkdir(folder, { recursive: true });
  return { joined, cleared: folders.map((folder) => join(folder, "payload")), delegated: "no" };
}

export async function startSupervised(unit: string, command: readonly string[]): Promise<void> {
  if (await initIsSystemd()) {
    const properties = [
      "Delegate=yes",
      "KillMode=mixed",
      "TasksMax=infinity",
      "LimitNOFILE=1048576",
      "TimeoutStopSec=20",
    ];
    await run("systemd-run", [
      "--quiet",
      "--collect",
      `--unit=${unit}`,
      ...properties.map((property) => `--property=${property}`),
      "--",
      ...command,
    ]);
    return;
  }
  const [program = "", ...args] = command;
  const child = spawn("setsid", ["--fork", program, ...args], { stdio: "ignore", detached: true });
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`setsid ${program} ended with ${code ?? "a signal"}`));
    });
  });
}

/** Ends what is left of it, whatever that is, and takes its groups away. */
export async function sweepSupervised(unit: string, cgroup: string): Promise<void> {
  if (await initIsSystemd()) {
    await attempt("systemctl", ["kill", "--signal=SIGKILL", unit]);
    await attempt("systemctl", ["stop", unit]);
    await attempt("systemctl", ["reset-failed", unit]);
    return;
  }
  await removeCgroups(cgroup);
}
