import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, messageOf } from "../../errors/fault.ts";
import type { EngineContext } from "../context.ts";
import { chooseNetworks, namesIn, readNetworks, type ChosenNetwork } from "./chooseNetworks.ts";
import { mainAddress, type CniResult } from "./cniResult.ts";
import {
  claimPorts,
  forwardRules,
  PORTS_TABLE,
  releasePorts,
  unforwardRules,
  type PortTarget,
} from "./hostPorts.ts";
import { interfaceTowards } from "./hostRoutes.ts";
import { bootTime, freeLeases, readLeases, staleLeases } from "./leases.ts";
import { masqueradeRules, masqueradeTable } from "./masquerade.ts";
import { saysAnything } from "./nameResolution.ts";
import { isPinned, namespacePath, pinNamespace, unpinNamespace } from "./namespace.ts";
import { orphansGone } from "./orphans.ts";
import { holdingOf, interfacesGone } from "./quickLeave.ts";
import { applyRules, leaveTables, removeUnusedTables, useTable } from "./packetRules.ts";
import { networkPlaces, type NetworkPlaces } from "./places.ts";
import { attach, detach, findPlugin, type PluginCall } from "./plugin.ts";
import type { AttachedNetwork, NetworkRequest, Networking, PodNetwork } from "./podNetwork.ts";
import {
  readRecord,
  recordedPods,
  removeRecord,
  runtimeRecord,
  writeRecord,
  type NetworkRecord,
  type RecordedNetwork,
} from "./record.ts";

export function openNetworking(
  context: EngineContext,
  places: NetworkPlaces = networkPlaces(context.folders),
): Networking {
  return {
    setUp: (podFolder, uuid, request) => setUp(context, places, podFolder, uuid, request),
    tearDown: (podFolder, uuid) => tearDown(context, places, podFolder, uuid),
    leftovers: (exists) => leftovers(context, places, exists),
  };
}

async function setUp(
  context: EngineContext,
  places: NetworkPlaces,
  podFolder: string,
  uuid: string,
  request: NetworkRequest,
): Promise<PodNetwork> {
  const names = request.networks.map(({ name }) => name);
  if (names.includes("host")) return { kind: "host" };
  const networks = names.includes("none")
    ? []
    : chooseNetworks(request.networks, readNetworks(context.folders, context.report));
  for (const { configuration } of networks) {
    for (const { type } of configuration.plugins) findPlugin(places.plugins, type);
  }
  const record: NetworkRecord = {
    uuid,
    dataFolder: context.folders.data,
    networks,
    ports: request.ports,
    complete: false,
  };
  const path = namespacePath(places, uuid);
  writeRecord(places, podFolder, record);
  try {
    writePodFiles(podFolder, path, networks);
    return await make(context, places, podFolder, record, path);
  } catch (error) {
    // All our children have ended; nothing of them can come later.
    await takeAway(context, places, podFolder, { ...record, ...readRecord(places, podFolder, uuid) });
    throw error;
  }
}

/** The namespace and its interfaces; the rules for what leaves it do not need to know them, and are made beside. */
async function make(
  context: EngineContext,
  places: NetworkPlaces,
  podFolder: string,
  record: NetworkRecord,
  path: string,
): Promise<PodNetwork> {
  const { uuid, ports } = record;
  claimPorts(places, uuid, ports);
  const call: PluginCall = { uuid, namespace: path, pluginFolders: places.plugins, ports };
  const made = await allOrFirstError([
    joinAll(record.networks, call),
    ...record.networks
      .filter(({ configuration }) => configuration.masquerades.length > 0)
      .map(async ({ configuration }) => {
        await useTable(places, masqueradeTable(configuration.name), uuid, masqueradeRules(configuration));
        return [];
      }),
  ]);
  const joined = made.flat();
  const networks: RecordedNetwork[] = joined.map(({ network, result }) => ({
    ...network,
    ...(result === undefined ? {} : { result: result.said }),
  }));
  const target = ports.length === 0 ? undefined : targetOf(joined);
  if (target !== undefined && !joined.some(forwardsItself)) {
    writeRecord(places, podFolder, { ...record, networks, target });
    routeLoopback(context, target.address);
    await useTable(places, PORTS_TABLE, uuid, forwardRules(uuid, target, ports));
  }
  const attached = joined.map(({ network, result }) => netInfo(places, network, result));
  writeWhole(join(podFolder, "net-info.json"), `${JSON.stringify(attached)}\n`);
  writeRecord(places, podFolder, {
    ...record,
    networks,
    ...(target === undefined ? {} : { target }),
    complete: true,
  });
  const speaking = joined.find(({ result }) => result !== undefined && saysAnything(result.dns));
  return {
    kind: "own",
    path,
    attached,
    gateways: gatewaysOf(joined),
    ...(speaking?.result === undefined
      ? {}
      : { dns: { network: speaking.network.configuration.name, settings: speaking.result.dns } }),
  };
}

interface Joined {
  readonly network: ChosenNetwork;
  readonly result: CniResult | undefined;
}

async function joinAll(networks: readonly ChosenNetwork[], call: PluginCall): Promise<readonly Joined[]> {
  await pinNamespace(call.namespace, call.uuid);
  const joined: Joined[] = [];
  for (const network of networks) joined.push({ network, result: await attach(network, call) });
  return joined;
}

/** Ends only when all have ended, so that none makes something while it is being taken away. */
async function allOrFirstError<Value>(work: readonly Promise<Value>[]): Promise<readonly Value[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Ports lead to the first network that masquerades, or else to the last one. */
function targetOf(joined: readonly Joined[]): PortTarget {
  const chosen = joined.find(({ network }) => network.configuration.masquerades.length > 0) ?? joined.at(-1);
  const main = mainAddress(chosen?.result);
  if (chosen === undefined || main.mask === "") {
    throw new Fault({
      what: "failed to setup network: ports need a network that gives the pod an IPv4 address",
      remedy: "leave --port out, or join such a network with --net",
    });
  }
  const prefix = chosen.result?.addresses.find(({ address }) => address === main.ip)?.prefix ?? 32;
  const near = chosen.network.configuration.routed ? main.ip : `${main.ip}/${prefix}`;
  return { address: main.ip, near };
}

/** As with ports: of networks that masquerade first. */
function gatewaysOf(joined: readonly Joined[]): readonly string[] {
  const masquerading = joined.filter(({ network }) => network.configuration.masquerades.length > 0);
  return [...new Set([...masquerading, ...joined])].flatMap(({ result }) =>
    (result?.addresses ?? []).flatMap(({ gateway }) => gateway ?? []),
  );
}

function forwardsItself({ network }: Joined): boolean {
  return network.configuration.plugins.some(({ forwardsPorts }) => forwardsPorts);
}

/** Lets 127.0.0.1 of the host reach the pod. A place where that is forbidden keeps all other ways. */
function routeLoopback(context: EngineContext, address: string): void {
  const name = interfaceTowards(address, readFileSync("/proc/net/route", "utf8"));
  if (name === undefined) return;
  try {
    writeFileSync(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, "1");
  } catch (error) {
    context.report.warn(`forwarded ports are not reachable at 127.0.0.1: ${messageOf(error)}`);
  }
}

/** What rkt leaves in a pod's folder: the namespace's path, and the networks' configurations. */
function writePodFiles(podFolder: string, path: string, networks: readonly ChosenNetwork[]): void {
  writeWhole(join(podFolder, "netns"), path);
  if (networks.length > 0) mkdirSync(join(podFolder, "net"), { recursive: true });
  for (const { configuration } of networks) {
    writeWhole(join(podFolder, "net", configuration.file), configuration.text);
  }
}

function writeWhole(path: string, text: string): void {
  const unfinished = `${path}.tmp`;
  writeFileSync(unfinished, text, { mode: 0o644 });
  renameSync(unfinished, path);
}

function netInfo(
  places: NetworkPlaces,
  network: ChosenNetwork,
  result: CniResult | undefined,
): AttachedNetwork {
  const { configuration } = network;
  return {
    netName: configuration.name,
    netConf: join("net", configuration.file),
    pluginPath: findPlugin(places.plugins, configuration.plugins[0]?.type ?? ""),
    ifName: network.interfaceName,
    ...mainAddress(result),
    args: network.arguments,
  };
}

async function tearDown(
  context: EngineContext,
  places: NetworkPlaces,
  podFolder: string,
  uuid: string,
): Promise<void> {
  const record = readRecord(places, podFolder, uuid);
  if (record === undefined) return;
  if (!record.complete) await orphansGone(uuid);
  await takeAway(context, places, podFolder, record);
}

/** In the reverse order of making; the record goes last. */
async function takeAway(
  context: EngineContext,
  places: NetworkPlaces,
  podFolder: string,
  record: NetworkRecord,
): Promise<void> {
  const { uuid, target, ports } = record;
  const path = namespacePath(places, uuid);
  if (target !== undefined && namesIn(join(places.runtime, "tables", PORTS_TABLE)).includes(uuid)) {
    await applyRules(places, uuid, unforwardRules(uuid, target, ports));
  }
  const holdings = record.complete ? record.networks.map((network) => holdingOf(places, network)) : [];
  const known = holdings.filter((holding) => holding !== undefined);
  if (known.length === record.networks.length) {
    await unpinNamespace(path);
    await interfacesGone(known.flatMap(({ interfaces }) => interfaces));
    for (const { network, address } of known) freeLeases(places, uuid, network, address);
  } else {
    await leaveByPlugins(context, places, record, path);
  }
  await leaveTables(places, uuid);
  releasePorts(places, uuid);
  for (const { configuration } of record.networks) {
    rmSync(join(podFolder, "net", configuration.file), { force: true });
  }
  removeRecord(places, podFolder, uuid);
}

/**
 * A plugin that cannot take away what it made (its program is gone, say) is told of; namespace and lease go without it.
 */
async function leaveByPlugins(
  context: EngineContext,
  places: NetworkPlaces,
  { uuid, ports, networks }: NetworkRecord,
  path: string,
): Promise<void> {
  const namespace = isPinned(path) ? path : "";
  const call: PluginCall = { uuid, namespace, pluginFolders: places.plugins, ports };
  const failed: string[] = [];
  for (const network of networks.toReversed()) {
    try {
      await detach(network, call, network.result);
    } catch (error) {
      failed.push(network.configuration.name);
      context.report.warn(messageOf(error));
    }
  }
  await unpinNamespace(path);
  for (const network of failed) freeLeases(places, uuid, network);
}

async function leftovers(
  context: EngineContext,
  places: NetworkPlaces,
  exists: (uuid: string) => boolean | Promise<boolean>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const uuid of recordedPods(places)) {
    const record = runtimeRecord(places, uuid);
    if (record?.dataFolder === context.folders.data && !(await exists(uuid))) found.push(uuid);
  }
  const networks = readNetworks(context.folders, context.report).map(({ name }) => name);
  const times = { bootedAt: bootTime(readFileSync("/proc/stat", "utf8")), now: Date.now() };
  for (const lease of staleLeases(readLeases(places, networks), times)) {
    if (lease.holder === "" || !(await exists(lease.holder))) rmSync(lease.path, { force: true });
  }
  await removeUnusedTables(places);
  return found;
}
