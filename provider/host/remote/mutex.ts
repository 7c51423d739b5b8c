/** Lets one piece of work at a time through, in the order of asking. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  async hold<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/** One mutex for each name. */
export class Mutexes<Name> {
  readonly #byName = new Map<Name, Mutex>();

  async hold<T>(name: Name, work: () => Promise<T>): Promise<T> {
    const mutex = this.#byName.get(name) ?? new Mutex();
    this.#byName.set(name, mutex);
    return mutex.hold(work);
  }
}
