import { readFileSync } from "node:fs";

/** The number in a file of a pod, such as `pid`; undefined where there is none. */
export function readNumber(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Sends a signal to a process, or to a group as a negative number; what has gone already is no error. */
export function send(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** The process group of a process, from /proc/PID/stat. */
export function processGroup(stat: string): number {
  // The name in parentheses may hold anything, so count from behind it: state, parent, group.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
}

/** The children of a process, oldest first. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}
