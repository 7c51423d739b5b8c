import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { Folders, Report } from "../context.ts";
import { builtInNetworks } from "./builtInNetworks.ts";
import { parseNetworkConfiguration, type NetworkConfiguration } from "./networkConfiguration.ts";
import { renderArguments } from "./networkList.ts";
import type { NetworkRequest } from "./podNetwork.ts";

export interface ChosenNetwork {
  readonly configuration: NetworkConfiguration;
  /** In the pod: eth0 for the first. */
  readonly interfaceName: string;
  /** `IP=172.16.28.9;FOO=bar` */
  readonly arguments: string;
}

/** The networks that a pod asked for, in the order in which it joins them. */
export function chooseNetworks(
  requested: NetworkRequest["networks"],
  configured: readonly NetworkConfiguration[],
): readonly ChosenNetwork[] {
  const names = new Set(requested.map(({ name }) => name));
  const everything = names.delete("all");
  const chosen = configured.filter(({ name }) => everything || names.has(name));
  const missing = [...names].filter((name) => !chosen.some((network) => network.name === name));
  if (missing.length > 0) {
    throw new Fault({
      what: `failed to setup network: networks not found: ${missing.join(", ")}`,
      allowed: ["host", "none", "all", ...configured.map(({ name }) => name)].join(", "),
    });
  }
  return chosen.map((configuration, index) => ({
    configuration,
    interfaceName: `eth${index}`,
    arguments: renderArguments(requested.find(({ name }) => name === configuration.name)?.arguments ?? {}),
  }));
}

/** What net.d and the engine itself have to offer, in the order of the files' names. */
export function readNetworks(folders: Folders, report: Report): readonly NetworkConfiguration[] {
  const folder = join(folders.local, "net.d");
  const found = new Map(builtInNetworks().map((network) => [network.name, network]));
  const ofPerson = new Set<string>();
  for (const file of namesIn(folder)) {
    if (!file.endsWith(".conf") && !file.endsWith(".conflist")) continue;
    const path = join(folder, file);
    const network = parseNetworkConfiguration(path, readFileSync(path, "utf8"));
    if (ofPerson.has(network.name)) {
      report.debug(`networking: "${network.name}" network already defined, ignoring ${file}`);
      continue;
    }
    if (found.has(network.name)) {
      report.debug(`networking: overriding "${network.name}" network with one from ${folder}`);
    }
    ofPerson.add(network.name);
    found.set(network.name, network);
  }
  return [...found.values()].sort((one, other) => compare(one.file, other.file));
}

/** The names in a folder by their bytes; of a folder that is not there, none. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort(compare);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
