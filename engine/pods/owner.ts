import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFileSync } from "../wholeFiles.ts";
import { inPod } from "./podFolders.ts";

/**
 * Who answers for a pod at the moment: a process, by number and start time. It stays the same when the process turns
 * into another program, so stage0 stays the owner when it has become the pod; and a number that was given out again is
 * not taken for it.
 */
export interface Owner {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: ticks since boot. */
  readonly started: string;
  readonly boot: string;
}

export function thisProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid) ?? "", boot: bootId() };
}

export function ownPod(folder: string, owner: Owner = thisProcess()): void {
  replaceFileSync(join(folder, inPod.owner), `${ownerText(owner)}\n`, { mode: 0o640 });
}

export function ownerText({ pid, started, boot }: Owner = thisProcess()): string {
  return `${pid} ${started} ${boot}`;
}

/** The owner that is still at work, if there is one. */
export function livingOwner(folder: string): Owner | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, inPod.owner), "utf8");
  } catch {
    return undefined;
  }
  const owner = ownerOf(text);
  return lives(owner) ? owner : undefined;
}

/** An owner as `ownerText` wrote it. */
export function ownerOf(text: string): Owner {
  const [pid = "", started = "", boot = ""] = text.trim().split(" ");
  return { pid: Number(pid), started, boot };
}

export function lives(owner: Owner): boolean {
  return owner.boot === bootId() && owner.started !== "" && startOf(owner.pid) === owner.started;
}

/** When a process started; undefined where there is none, or where it is dead and only waits to be noticed. */
function startOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name in parentheses may hold anything, so count from behind it: state is the first field there.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

let readBootId: string | undefined;

function bootId(): string {
  readBootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return readBootId;
}
