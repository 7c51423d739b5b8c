import type { IncomingHttpHeaders } from "node:http";
import { Interruption } from "./interruption.ts";

/** The server, or one before it, is overloaded or away for a moment. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The interruption that a status stands for; undefined where trying again would bring the same. */
export function passingTrouble(
  host: string,
  status: number,
  headers: IncomingHttpHeaders,
  now: number = Date.now(),
): Interruption | undefined {
  if (!passing.has(status)) return undefined;
  return new Interruption(`${host} answered ${status}`, {
    retryAfterMilliseconds: waitingTime(headers["retry-after"], now),
  });
}

/** Seconds or a date, as RFC 9110 has it. */
function waitingTime(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
