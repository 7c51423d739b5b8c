/** What systemd hears of a service whose unit asks for it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

type Environment = Readonly<Record<string, string | undefined>>;

/** That the service can be used, where a unit of `Type=notify` waits for that. */
export async function tellReady(environment: Environment): Promise<void> {
  if (environment["NOTIFY_SOCKET"] !== undefined) await notify("READY=1");
}

/**
 * That the service goes on, for as long as its timers run, where a unit with `WatchdogSec=` would else start it anew. Twice
 * as often as it must be, so that one that comes late does no harm. Returns what ends it.
 */
export function feedWatchdog(environment: Environment, pid = process.pid): () => void {
  const { WATCHDOG_USEC: limit, WATCHDOG_PID: meant } = environment;
  const microseconds = Number(limit ?? "");
  if (!(microseconds > 0) || (meant !== undefined && meant !== String(pid))) return () => undefined;
  const timer = setInterval(() => {
    // One that was not heard is told by the watchdog itself.
    notify("WATCHDOG=1").catch(() => undefined);
  }, microseconds / 2000);
  return () => {
    clearInterval(timer);
  };
}

async function notify(message: string): Promise<void> {
  await promisify(execFile)("systemd-notify", [`--pid=${process.pid}`, message]);
}
