import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { Becoming } from "./becoming.ts";

/**
 * How a process becomes one of an app's. Kept in the pod's folder, so that whoever enters gets exactly what the app's
 * first process got, whatever has become of the image's files since.
 */
export interface AppEntry extends Pick<
  Becoming,
  "root" | "folder" | "user" | "capabilities" | "noNewPrivileges" | "environment"
> {
  /** Options of nsenter for the namespaces that the app does not share with the host, beside that of its mounts. */
  readonly namespaces: readonly string[];
  /** Whether it has a user namespace too, which is joined last. */
  readonly ownUsers?: boolean;
}

function fileOf(folder: string, app: string): string {
  return join(folder, "appsinfo", app, "entry.json");
}

export function writeEntry(folder: string, app: string, entry: AppEntry): void {
  writeFileSync(fileOf(folder, app), JSON.stringify(entry), { mode: 0o600 });
}

export function readEntry(folder: string, app: string): AppEntry {
  let text: string;
  try {
    text = readFileSync(fileOf(folder, app), "utf8");
  } catch (error) {
    throw new Fault({ what: `no app named "${app}" has started in this pod`, where: folder, cause: error });
  }
  // Our own record, written by the function above in a folder that is root's alone.
  return JSON.parse(text) as AppEntry;
}
