import type { EngineConfiguration } from "./configuration/configuration.ts";
import type { InsecureOptions } from "./insecureOptions.ts";

/** What every command of the engine is given: where things are, what is configured, whom to tell. */
export interface EngineContext {
  readonly folders: Folders;
  readonly configuration: EngineConfiguration;
  readonly insecure: InsecureOptions;
  readonly trustKeysFromHttps: boolean;
  readonly debug: boolean;
  readonly report: Report;
}

export interface Folders {
  /** Images and pods, `/var/lib/rkt`. */
  readonly data: string;
  /** What the package brings, `/usr/lib/rkt`. */
  readonly system: string;
  /** What the host's administrator sets, `/etc/rkt`. */
  readonly local: string;
  /** What one user sets; comes from `--user-config` alone. */
  readonly user?: string;
  /** The package's own programs and stage1 images; never configured, hence trusted without a signature. */
  readonly library: string;
}

/** Lines for the person who typed the command, on standard error. */
export interface Report {
  /** A line of the command's ordinary talk, e.g. `image: signature verified:`. */
  line(text: string): void;
  /** Something that is not enforced or will soon fail. Printed as `warning: …`. */
  warn(text: string): void;
  /** Only shown with `--debug`. */
  debug(text: string): void;
  /** Replaces itself on a terminal (a download's progress); the last one stays. */
  progress(text: string): void;
}
