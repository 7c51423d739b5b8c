import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Tells systemd that the service can be used, where a unit of `Type=notify` waits for that. */
export async function tellReady(environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  if (environment["NOTIFY_SOCKET"] === undefined) return;
  await promisify(execFile)("systemd-notify", ["--ready", `--pid=${process.pid}`]);
}
