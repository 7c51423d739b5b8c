/**
 * How long a plugin lives: as long as the engine that started it. An interrupted run must not leave a writer
 * behind, so it ends with its parent, and at once on SIGINT and SIGTERM.
 */
import { messageOf } from "../../errors/fault.ts";

export function endWithEngine(name: string, stop: () => void): void {
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  process.on("unhandledRejection", (reason) => {
    process.stderr.write(`${name}: unhandled: ${messageOf(reason)}\n`);
    process.exit(1);
  });
  // The kernel tells nobody that a parent died, but the orphan is adopted by another process.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 500).unref();
}
