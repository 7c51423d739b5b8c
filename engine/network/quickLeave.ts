import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { mainAddress, parseResult } from "./cniResult.ts";
import { isObject, objectsIn, stringIn } from "./json.ts";
import type { NetworkPlaces } from "./places.ts";
import { findPlugin } from "./plugin.ts";
import { run } from "./program.ts";
import type { RecordedNetwork } from "./record.ts";

/** All that a pod holds of a network, where that is known without asking a plugin. */
export interface Holding {
  readonly network: string;
  readonly address: string;
  /** The host's ends of its cables. */
  readonly interfaces: readonly string[];
}

/**
 * What there is to take away where the distribution's ptp and host-local made it and nothing else had a hand in it: a
 * cable, which goes with the pod's namespace, and a lease. Asking the plugins would start two programs for each pod
 * and cut the cables one after the other; the kernel cuts all that lie there in one go. Undefined: ask them.
 */
export function holdingOf(places: NetworkPlaces, network: RecordedNetwork): Holding | undefined {
  const { name, plugins } = network.configuration;
  const [plugin, second] = plugins;
  if (plugin === undefined || second !== undefined || plugin.type !== "ptp") return undefined;
  const { ipam, ipMasq } = plugin.fields;
  if (ipMasq === true || !isObject(ipam) || ipam.type !== "host-local" || "dataDir" in ipam) return undefined;
  const foreign = ["ptp", "host-local"].some(
    (type) => !places.distributed.includes(dirname(findPlugin(places.plugins, type))),
  );
  const result = network.result;
  if (foreign || !isObject(result)) return undefined;
  const interfaces = objectsIn(result.interfaces)
    .filter(({ sandbox }) => stringIn(sandbox) === undefined)
    .flatMap((entry) => stringIn(entry.name) ?? []);
  const said = parseResult(name, JSON.stringify(result));
  if (interfaces.length === 0 || said?.addresses.length !== 1) return undefined;
  return { network: name, address: mainAddress(said).ip, interfaces };
}

const PATIENCE_MS = 2_000;
const LONGEST_PAUSE_MS = 40;

/**
 * Waits until the kernel has cut the cables of namespaces that were let go, which it does by itself and tells nobody;
 * cuts them where a process still keeps the namespace. Until then the route to the address is there, so that nobody
 * else may have it.
 */
export async function interfacesGone(interfaces: readonly string[]): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let pause = 3; Date.now() < deadline; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    if (remaining(interfaces).length === 0) return;
    await setTimeout(pause);
  }
  for (const name of remaining(interfaces)) await run("ip", ["link", "delete", name]);
}

function remaining(interfaces: readonly string[]): readonly string[] {
  const there = readFileSync("/proc/net/dev", "utf8");
  return interfaces.filter((name) => there.includes(`${name}:`));
}
