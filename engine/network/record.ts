import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { namesIn, type ChosenNetwork } from "./chooseNetworks.ts";
import type { PortTarget } from "./hostPorts.ts";
import { isObject, objectsIn, stringIn } from "./json.ts";
import { parseNetworkConfiguration } from "./networkConfiguration.ts";
import type { NetworkPlaces } from "./places.ts";
import type { PortForward } from "./podNetwork.ts";

/**
 * All that is needed to take a pod's network away. Written before anything is made: into the pod's folder, where it
 * outlives a boot, and into the runtime folder, where it outlives the pod's folder.
 */
export interface NetworkRecord {
  readonly uuid: string;
  /** The data folder whose pod it is; another one's pods are none of our business. */
  readonly dataFolder: string;
  readonly networks: readonly RecordedNetwork[];
  readonly ports: readonly PortForward[];
  /** Where ports lead, known once networks are joined and before the rules are made. */
  readonly target?: PortTarget;
  /** Everything was made, so that no child of a killed command can be at work any more. */
  readonly complete: boolean;
}

export interface RecordedNetwork extends ChosenNetwork {
  /** The plugins' last word. */
  readonly result?: unknown;
}

const FILE = "networking.json";

export function writeRecord(places: NetworkPlaces, podFolder: string, record: NetworkRecord): void {
  const text = JSON.stringify({
    ...record,
    networks: record.networks.map(({ configuration, ...network }) => ({
      ...network,
      file: configuration.file,
      text: configuration.text,
    })),
  });
  const pods = join(places.runtime, "pods");
  mkdirSync(pods, { recursive: true, mode: 0o755 });
  replace(join(pods, record.uuid), text);
  replace(join(podFolder, FILE), text);
}

export function readRecord(
  places: NetworkPlaces,
  podFolder: string,
  uuid: string,
): NetworkRecord | undefined {
  return parsed(join(podFolder, FILE)) ?? runtimeRecord(places, uuid);
}

export function runtimeRecord(places: NetworkPlaces, uuid: string): NetworkRecord | undefined {
  return parsed(join(places.runtime, "pods", uuid));
}

export function removeRecord(places: NetworkPlaces, podFolder: string, uuid: string): void {
  rmSync(join(podFolder, FILE), { force: true });
  rmSync(join(places.runtime, "pods", uuid), { force: true });
}

/** The pods that hold something since the last boot. Records whose writer was killed at it are swept. */
export function recordedPods(places: NetworkPlaces): readonly string[] {
  const pods = join(places.runtime, "pods");
  return namesIn(pods).filter((name) => {
    const writer = /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (writer === undefined) return true;
    if (!existsSync(`/proc/${writer}`)) rmSync(join(pods, name), { force: true });
    return false;
  });
}

function replace(path: string, text: string): void {
  const unfinished = `${path}.${process.pid}.tmp`;
  writeFileSync(unfinished, text, { mode: 0o640 });
  renameSync(unfinished, path);
}

/** One that is not there, or that no version of the engine wrote, is none. */
function parsed(path: string): NetworkRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const said: unknown = JSON.parse(text);
  if (!isObject(said)) return undefined;
  const uuid = stringIn(said.uuid);
  const dataFolder = stringIn(said.dataFolder);
  if (uuid === undefined || dataFolder === undefined) return undefined;
  const target = isObject(said.target) ? said.target : {};
  const address = stringIn(target.address);
  const near = stringIn(target.near);
  return {
    uuid,
    dataFolder,
    networks: objectsIn(said.networks).map((network) => ({
      configuration: parseNetworkConfiguration(stringIn(network.file) ?? "", stringIn(network.text) ?? ""),
      interfaceName: stringIn(network.interfaceName) ?? "",
      arguments: stringIn(network.arguments) ?? "",
      ...(network.result === undefined ? {} : { result: network.result }),
    })),
    ports: objectsIn(said.ports).map((port) => {
      const hostIP = stringIn(port.hostIP);
      return {
        name: stringIn(port.name) ?? "",
        protocol: port.protocol === "udp" ? "udp" : "tcp",
        podPort: Number(port.podPort),
        hostPort: Number(port.hostPort),
        ...(hostIP === undefined ? {} : { hostIP }),
      };
    }),
    ...(address === undefined || near === undefined ? {} : { target: { address, near } }),
    complete: said.complete === true,
  };
}
