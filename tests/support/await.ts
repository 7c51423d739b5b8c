/** Waits for something to become true by asking again, never for a time to pass. */
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../errors/fault.ts";

export interface Patience {
  readonly seconds: number;
  /** Between two questions. */
  readonly everyMilliseconds?: number;
}

/** Asks until the answer is given without an error; the last error tells why it never was. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  { seconds, everyMilliseconds = 250 }: Patience,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) {
        throw new Error(`${what}: not within ${seconds} s; at last: ${messageOf(error)}`, { cause: error });
      }
    }
    await delay(everyMilliseconds);
  }
}
