/** Which blobs of a host are about to be put into their places, so that nobody sweeps them under another's hands. */
import { Mutexes } from "./mutex.ts";

export class BlobUses {
  readonly #uses = new Map<string, number>();
  readonly #uploads = new Mutexes<string>();

  /** Keeps blobs until the work is done, then gives those that nobody else is waiting for to `sweep`. */
  async during(
    names: readonly string[],
    work: () => Promise<void>,
    sweep: (unused: readonly string[]) => Promise<void>,
  ): Promise<void> {
    for (const name of names) this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
    let unused: string[] = [];
    try {
      await work();
    } finally {
      unused = names.filter((name) => this.#release(name));
    }
    if (unused.length > 0) await sweep(unused);
  }

  get names(): string[] {
    return [...this.#uses.keys()];
  }

  /** One upload of a blob at a time: the second finds it there. */
  async uploading(name: string, work: () => Promise<void>): Promise<void> {
    await this.#uploads.hold(name, work);
  }

  #release(name: string): boolean {
    const left = (this.#uses.get(name) ?? 1) - 1;
    if (left === 0) this.#uses.delete(name);
    else this.#uses.set(name, left);
    return left === 0;
  }
}
