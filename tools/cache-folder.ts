/** Where everything lies that is made once and used again. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export interface CacheFolder {
  readonly root: string;
  /** Finished binaries, one folder for each program and key. */
  readonly artefacts: string;
  /** Which artefact is where: read by everybody who needs one. */
  readonly index: string;
  /** Every binary by name, for people and PATH. */
  readonly bin: string;
  readonly lock: string;
  readonly goModules: string;
  readonly goBuild: string;
}

/** RKTNETES_CACHE, or rktnetes in the user's cache folder. */
export function cacheFolder(environment: NodeJS.ProcessEnv): CacheFolder {
  const chosen = environment["RKTNETES_CACHE"];
  const userCache = environment["XDG_CACHE_HOME"];
  const root =
    chosen !== undefined && chosen !== ""
      ? resolve(chosen)
      : join(userCache !== undefined && userCache !== "" ? userCache : join(homedir(), ".cache"), "rktnetes");
  return {
    root,
    artefacts: join(root, "artefacts"),
    index: join(root, "artefacts.json"),
    bin: join(root, "bin"),
    lock: join(root, "build.lock"),
    goModules: join(root, "go", "mod"),
    goBuild: join(root, "go", "build"),
  };
}
