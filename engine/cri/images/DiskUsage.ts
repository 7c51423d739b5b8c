import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "../../../errors/fault.ts";

export interface Usage {
  readonly bytes: bigint;
  readonly inodes: bigint;
  readonly at: Date;
}

/** The kubelet asks every few seconds, and a store changes when images come and go. */
const FRESH_MILLISECONDS = 30_000;

/** What a folder takes up, counted by du when an answer is older than half a minute. */
export class DiskUsage {
  readonly #folder: string;
  #last: Usage | undefined;
  #underWay: Promise<Usage> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async get(now: Date = new Date()): Promise<Usage> {
    const last = this.#last;
    if (last !== undefined && now.getTime() - last.at.getTime() < FRESH_MILLISECONDS) return last;
    this.#underWay ??= this.#count(now).finally(() => {
      this.#underWay = undefined;
    });
    return await this.#underWay;
  }

  /** Something came or went: what was counted holds no longer. */
  forget(): void {
    this.#last = undefined;
  }

  async #count(at: Date): Promise<Usage> {
    const [bytes, inodes] = await Promise.all([this.#du("--block-size=1"), this.#du("--inodes")]);
    this.#last = { bytes, inodes, at };
    return this.#last;
  }

  /** Files may go while it counts, of which it complains; the sum stands at the end all the same. */
  async #du(unit: string): Promise<bigint> {
    const words = ["--summarize", "--one-file-system", unit, this.#folder];
    const { stdout } = await promisify(execFile)("du", words).catch((error: unknown) => {
      if (error instanceof Error && "stdout" in error && typeof error.stdout === "string") {
        return { stdout: error.stdout };
      }
      throw error;
    });
    const sum = /^(\d+)\s/.exec(stdout)?.[1];
    if (sum === undefined) throw new Error(`du counted nothing in ${this.#folder}: ${messageOf(stdout)}`);
    return BigInt(sum);
  }
}
