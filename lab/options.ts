import type { LabFolders } from "./folders.ts";

/** What every operation of the lab gets besides its subject. */
export interface LabOptions {
  readonly folders: LabFolders;
  /** Told what is being done, line by line. */
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}
