import { dirname } from "node:path";

/**
 * The folder of what comes with the engine. In the package, the engine is one file in `engine/` of that folder; in a
 * checkout, the package's build leaves the same under `build/library`.
 */
export function libraryFolder(): string {
  const here = import.meta.dirname;
  return here.endsWith("/engine/cli") ? `${dirname(dirname(here))}/build/library` : dirname(here);
}
