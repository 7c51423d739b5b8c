import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../errors/fault.ts";
import { appcVersion } from "../../pods/manifestOfPod.ts";
import type { Command } from "../command.ts";

/** rkt's lines, for who reads them with a program, and whose engine this is. */
export const version: Command = ({ print }) => {
  print(`rkt Version: ${engineVersion()}`);
  print(`appc Version: ${appcVersion}`);
  print(`Node Version: ${process.version}`);
  print(`Node OS/Arch: ${process.platform}/${process.arch}`);
  print("Engine: Rktnetes, after the model of rkt 1.30; it is not upstream rkt");
  return 0;
};

/** The build puts the version beside the engine's files; in a checkout it is the project's own. */
export function engineVersion(): string {
  for (const place of ["../package.json", "../../../package.json"]) {
    try {
      const described: unknown = JSON.parse(readFileSync(join(import.meta.dirname, place), "utf8"));
      if (typeof described === "object" && described !== null && "version" in described) {
        return String(described.version);
      }
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  throw new Fault({ what: "the engine does not know its own version", remedy: "install its package again" });
}
