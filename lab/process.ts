/** Processes that outlive their creator, known by id and start time, so that a reused id is never mistaken. */
import { setTimeout as delay } from "node:timers/promises";
import { readIfThere } from "./files.ts";

export interface KnownProcess {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks between the machine's start and the process's. */
  readonly started: string;
}

export function parseKnownProcess(text: string): KnownProcess | undefined {
  const match = /^(\d+) (\d+)\s*$/.exec(text);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { pid: Number(match[1]), started: match[2] };
}

/** The start time in the text of /proc/PID/stat, whose second field may hold spaces and brackets. */
export function startTimeIn(stat: string): string | undefined {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/** State letter (`Z` for a zombie) in the text of /proc/PID/stat. */
function stateIn(stat: string): string | undefined {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[0];
}

export async function readKnownProcess(file: string): Promise<KnownProcess | undefined> {
  const text = (await readIfThere(file)) ?? "";
  const known = parseKnownProcess(text);
  return known !== undefined && (await isAlive(known)) ? known : undefined;
}

export async function isAlive(known: KnownProcess): Promise<boolean> {
  const stat = (await readIfThere(`/proc/${known.pid}/stat`)) ?? "";
  return stat !== "" && startTimeIn(stat) === known.started && stateIn(stat) !== "Z";
}

export async function childrenOf(pid: number): Promise<number[]> {
  const text = (await readIfThere(`/proc/${pid}/task/${pid}/children`)) ?? "";
  return text
    .split(" ")
    .filter((id) => id !== "")
    .map(Number);
}

/** Sends a signal; a process that has gone already is no error. */
export function send(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Waits until the process has gone; false when it still lives at the deadline. */
export async function awaitEnd(known: KnownProcess, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (await isAlive(known)) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}
