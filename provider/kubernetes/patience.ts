/** Trying again while the API server is away or busy, with growing pauses, until a deadline. */
import { setTimeout as pause } from "node:timers/promises";
import { abortReason } from "./client.ts";
import { isPassing, Refusal } from "./failure.ts";

export interface Patience {
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch after which the last error is thrown. */
  readonly deadline: number;
  /** Told before each pause what went wrong. */
  readonly onRetry?: (error: unknown) => void;
  /** Whether the error may pass; by default an unreachable or busy server. */
  readonly passes?: (error: unknown) => boolean;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3000;

export async function patiently<T>(patience: Patience, attempt: () => Promise<T>): Promise<T> {
  const passes = patience.passes ?? isPassing;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (patience.signal.aborted) throw abortReason(patience.signal);
      const asked = error instanceof Refusal ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
      const wait = Math.max(pauseMs, asked);
      if (!passes(error) || Date.now() + wait > patience.deadline) throw error;
      patience.onRetry?.(error);
      await restFor(wait, patience.signal);
    }
  }
}

export async function restFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(milliseconds, undefined, { signal });
  } catch {
    throw abortReason(signal);
  }
}
