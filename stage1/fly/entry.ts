import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { Becoming } from "../starting/becoming.ts";

/**
 * How a process becomes one of the app's. Kept in the pod's folder, so that whoever enters gets exactly what the app's
 * first process got, whatever has become of the image's files since.
 */
export type FlyEntry = Omit<Becoming, "program" | "pidFile" | "variables" | "seccompOf"> & {
  readonly root: string;
  /** Whether the app has a network or IPC namespace that is not the host's. */
  readonly ownNetwork: boolean;
  readonly ownIpc: boolean;
};

function fileOf(folder: string, app: string): string {
  return join(folder, "appsinfo", app, "fly.json");
}

export function writeFlyEntry(folder: string, app: string, entry: FlyEntry): void {
  writeFileSync(fileOf(folder, app), JSON.stringify(entry), { mode: 0o600 });
}

export function readFlyEntry(folder: string, app: string): FlyEntry {
  let text: string;
  try {
    text = readFileSync(fileOf(folder, app), "utf8");
  } catch (error) {
    throw new Fault({ what: `no app named "${app}" has started in this pod`, where: folder, cause: error });
  }
  // Our own record, written by the function above in a folder that is root's alone.
  return JSON.parse(text) as FlyEntry;
}
