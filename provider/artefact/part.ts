/** The bytes of a download so far: a file beside the place they will have, named by who is writing it. */
import { createHash } from "node:crypto";
import { open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Cache } from "./cache.ts";
import { isMissing } from "./digest.ts";
import type { Sum } from "./source.ts";

export class Part {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #sum: Sum;
  #hash;
  #size = 0;

  private constructor(path: string, file: FileHandle, sum: Sum) {
    this.#path = path;
    this.#file = file;
    this.#sum = sum;
    this.#hash = createHash(sum.algorithm);
  }

  /** Takes over what a process that is no more has left of it. */
  static async open(cache: Cache, sum: Sum): Promise<Part> {
    const path = join(cache.downloads, `${sum.digest}.${process.pid}.part`);
    await adopt(cache, sum, path);
    const part = new Part(path, await open(path, "a+"), sum);
    for await (const chunk of part.#file.createReadStream({ start: 0, autoClose: false })) {
      if (Buffer.isBuffer(chunk)) part.#count(chunk);
    }
    return part;
  }

  get size(): number {
    return this.#size;
  }

  get digest(): string {
    return this.#hash.copy().digest("hex");
  }

  async append(chunk: Buffer): Promise<void> {
    await this.#file.appendFile(chunk);
    this.#count(chunk);
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash(this.#sum.algorithm);
    this.#size = 0;
  }

  async finish(path: string): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#path, path);
  }

  /** Leaves it for a later run to resume, or takes it away. */
  async leave(resumable: boolean): Promise<void> {
    await this.#file.close();
    if (!resumable) await rm(this.#path, { force: true });
  }

  #count(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#size += chunk.length;
  }
}

async function adopt(cache: Cache, { digest }: Sum, path: string): Promise<void> {
  for (const name of await readdir(cache.downloads)) {
    const [begun, writer, ending] = name.split(".");
    if (begun !== digest || ending !== "part" || isRunning(Number(writer))) continue;
    try {
      await rename(join(cache.downloads, name), path);
      return;
    } catch (error) {
      // Another process was quicker to take it over.
      if (!isMissing(error)) throw error;
    }
  }
}

/** Whether another process of that id is there. Our own id on a part is from before: one writer here at a time. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not allowed to signal it: it is there, and somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
