/** The processes this host started: each ends with the call it serves, all end with the host. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";

/** What is left to a program that was asked to stop, before it is made to. */
const GRACE_MS = 5000;

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ending>;
}

export class Children {
  readonly #running = new Set<ChildProcess>();

  start(file: string, args: readonly string[], options: SpawnOptions): Child {
    const child = spawn(file, args, options);
    this.#running.add(child);
    const ended = new Promise<Ending>((resolve, reject) => {
      child.once("error", (error) => {
        this.#running.delete(child);
        reject(error);
      });
      child.once("close", (code, signal) => {
        this.#running.delete(child);
        resolve({ code, signal });
      });
    });
    return { process: child, ended };
  }

  /** The run was cancelled: programs may still say goodbye. */
  interruptAll(): void {
    for (const child of this.#running) {
      child.kill("SIGINT");
      const deadline = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      child.once("close", () => {
        clearTimeout(deadline);
      });
    }
  }

  /** The host itself ends and nobody is left to wait. */
  killAll(): void {
    for (const child of this.#running) child.kill("SIGKILL");
  }
}
