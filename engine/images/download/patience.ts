/** How long to hold out against a bad network. */
import { setTimeout as delay } from "node:timers/promises";
import { Interruption } from "./interruption.ts";

export interface Patience {
  /** How long nothing may come. */
  readonly idleMilliseconds: number;
  /** Before the first repetition; doubled before each further one. */
  readonly pauseMilliseconds: number;
  readonly longestPauseMilliseconds: number;
  /** Attempts in a row that bring nothing. */
  readonly fruitless: number;
}

export const defaultPatience: Patience = {
  idleMilliseconds: 30_000,
  pauseMilliseconds: 500,
  longestPauseMilliseconds: 15_000,
  fruitless: 5,
};

export interface Attempts {
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
  /** Grows when an attempt brought something although it broke off in the end. */
  readonly progress?: () => number;
  readonly onPause?: (interruption: Interruption, pauseMilliseconds: number) => void;
}

/** Tries until it works, or too many attempts in a row have brought nothing. Only an Interruption is tried again. */
export async function persistently<T>(attempt: () => Promise<T>, options: Attempts): Promise<T> {
  const { patience, signal, progress = () => 0, onPause } = options;
  let fruitless = 0;
  for (;;) {
    const before = progress();
    try {
      signal?.throwIfAborted();
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Interruption)) throw error;
      fruitless = progress() > before ? 0 : fruitless + 1;
      if (fruitless >= patience.fruitless) throw error;
      const pause = pauseBefore(fruitless, error, patience);
      onPause?.(error, pause);
      await delay(pause, undefined, signal === undefined ? {} : { signal });
    }
  }
}

function pauseBefore(
  fruitless: number,
  { retryAfterMilliseconds }: Interruption,
  patience: Patience,
): number {
  const { pauseMilliseconds, longestPauseMilliseconds } = patience;
  const backOff = pauseMilliseconds * 2 ** Math.max(0, fruitless - 1);
  return Math.min(Math.max(backOff, retryAfterMilliseconds ?? 0), longestPauseMilliseconds);
}
