/** Several pods that want one image at once wait for one pull of it; it is given up when none of them waits any more. */
export class SharedPulls {
  readonly #underWay = new Map<string, Pull>();

  async pull(
    key: string,
    signal: AbortSignal,
    begin: (signal: AbortSignal) => Promise<string>,
  ): Promise<string> {
    signal.throwIfAborted();
    let pull = this.#underWay.get(key);
    if (pull === undefined) {
      const controller = new AbortController();
      const result = begin(controller.signal).finally(() => {
        if (this.#underWay.get(key)?.controller === controller) this.#underWay.delete(key);
      });
      // Whoever waits is told; when nobody does, it was given up.
      result.catch(() => undefined);
      pull = { controller, result, waiting: 0 };
      this.#underWay.set(key, pull);
    }
    const joined = pull;
    joined.waiting += 1;
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      left.reject(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([joined.result, left.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
      joined.waiting -= 1;
      if (joined.waiting === 0) {
        // Who comes now must not wait for what is being given up.
        if (this.#underWay.get(key) === joined) this.#underWay.delete(key);
        joined.controller.abort(signal.reason);
      }
    }
  }
}

interface Pull {
  readonly controller: AbortController;
  readonly result: Promise<string>;
  waiting: number;
}
