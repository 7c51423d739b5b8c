import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { Fault, messageOf } from "../../errors/fault.ts";
import { loadConfiguration } from "../configuration/load.ts";
import type { EngineContext, Report } from "../context.ts";
import { insecureOptionNames, insecureOptionsOf } from "../insecureOptions.ts";
import type { FlagValues } from "./flagValues.ts";
import { libraryFolder } from "./library.ts";

/** Commands for which it matters whether credentials could be read, and by whom. */
const usesCredentials = new Set(["fetch", "image fetch", "run", "prepare", "config", "trust"]);

/** Where things are and what is configured, as global flags and configuration folders say. */
export function openContext(command: string, flags: FlagValues, report: Report): EngineContext {
  const system = resolve(flags.text("system-config") ?? "/usr/lib/rkt");
  const local = resolve(flags.text("local-config") ?? "/etc/rkt");
  const user = flags.text("user-config");
  const users = user === undefined ? [] : [resolve(user)];
  const { configuration, warnings } = read([system, local, ...users]);
  for (const warning of warnings) {
    if (usesCredentials.has(command)) report.warn(warning);
    else report.debug(warning);
  }
  const [userFolder] = users;
  const said = flags.text("dir");
  const asked = flags.texts("insecure-options").flatMap((names) => names.split(","));
  return {
    folders: {
      data: realFolder(said === undefined ? (configuration.paths.data ?? "/var/lib/rkt") : resolve(said)),
      system,
      local,
      ...(userFolder !== undefined && { user: userFolder }),
      library: libraryFolder(),
    },
    configuration,
    insecure: insecureOptionsOf(insecureOptionNames.filter((name) => asked.includes(name))),
    trustKeysFromHttps: flags.flag("trust-keys-from-https"),
    debug: flags.flag("debug"),
    report,
  };
}

function read(folders: readonly string[]): ReturnType<typeof loadConfiguration> {
  try {
    return loadConfiguration(folders);
  } catch (error) {
    const details = error instanceof Fault ? error.details : { what: messageOf(error) };
    throw new Fault({ ...details, what: `cannot get configuration: ${details.what}` });
  }
}

/** Pods and images are named by real paths, which mounts and namespaces see. */
function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return path;
    throw new Fault({ what: `cannot evaluate dataDir ${JSON.stringify(path)} real path`, cause: error });
  }
}
