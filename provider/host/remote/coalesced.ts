/** Work that one run does for all who asked before it began, such as having systemd read its units anew. */
export class Coalesced {
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  async run(work: () => Promise<void>): Promise<void> {
    if (this.#running === undefined) return this.#start(work);
    // What is running may have begun before the caller's change: one more run serves everybody from here on.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#start(work);
      });
    return this.#next;
  }

  async #start(work: () => Promise<void>): Promise<void> {
    const running = work().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
