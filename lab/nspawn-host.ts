/**
 * A throw-away host in systemd-nspawn: systemd as PID 1, sshd, an address of its own. Making one that exists
 * mends and starts it; stopping always ends; deleting leaves nothing behind.
 */
import { connect } from "node:net";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "../errors/fault.ts";
import { baseTree, type Release } from "./base-tree.ts";
import { isUnified, readHierarchies } from "./cgroups.ts";
import { isThere, readIfThere } from "./files.ts";
import { hostFolder, networkFolder, type LabFolders } from "./folders.ts";
import { readHostRecord, writeHostRecord, type HostRecord } from "./host-record.ts";
import { withLock } from "./lock.ts";
import { hostNames } from "./names.ts";
import { assertLabName, deleteLink, listHosts, readNetwork, type Network } from "./network.ts";
import { makeRoot, newHostKey, newMachineId, seedRoot } from "./nspawn-root.ts";
import type { LabOptions } from "./options.ts";
import { awaitEnd, childrenOf, readKnownProcess, send } from "./process.ts";
import { run } from "./program.ts";
import { shellAssignments } from "./shell-words.ts";
import { objectionToAddress, parseSubnet } from "./subnet.ts";
import { prepareSupervision, startSupervised, sweepSupervised } from "./supervised.ts";

export interface NspawnSpec {
  readonly name: string;
  /** Name of the lab network it is on. */
  readonly network: string;
  readonly address: string;
  readonly release: Release;
}

export type HostStatus = "running" | "stopped";

export interface LabHost extends HostRecord {
  readonly status: HostStatus;
}

const readyMilliseconds = 90_000;

export async function createHost(spec: NspawnSpec, options: LabOptions): Promise<LabHost> {
  const network = await networkFor(spec, options.folders);
  const base = await baseTree(spec.release, "nspawn", options);
  return locked(spec.network, spec.name, options, async (folder) => {
    const known = await readHostRecord(folder);
    if (known !== undefined) refuseOther(known, spec);
    const record = known ?? (await make(spec, network, base, folder, options));
    if (!(await isRunning(folder))) await start(record, network, folder, options);
    await awaitReady(record, folder, options);
    return { ...record, status: "running" };
  });
}

/** The host as it is; undefined when there is none. */
export async function readHost(
  network: string,
  name: string,
  folders: LabFolders,
): Promise<LabHost | undefined> {
  const folder = hostFolder(folders, network, name);
  const record = await readHostRecord(folder);
  if (record === undefined) return undefined;
  return { ...record, status: (await isRunning(folder)) ? "running" : "stopped" };
}

/** An orderly power-off; what hangs is cut off after the grace. */
export async function stopHost(
  network: string,
  name: string,
  options: LabOptions,
  graceMilliseconds = 15_000,
): Promise<void> {
  await locked(network, name, options, (folder) => stop(folder, graceMilliseconds));
}

/** `hard` is a power cut. Returns when the host is up again. */
export async function rebootHost(
  network: string,
  name: string,
  options: LabOptions,
  hard = false,
): Promise<void> {
  await locked(network, name, options, async (folder) => {
    const record = await readHostRecord(folder);
    const leader = await leaderOf(folder);
    if (record === undefined || leader === undefined) {
      throw new Fault({
        what: `lab host "${name}" is not running`,
        remedy: "create it again, which starts it",
      });
    }
    const before = await bootsOf(folder);
    await writeFile(join(folder, "again"), "");
    // SIGRTMIN+5 asks systemd for a reboot.
    send(leader, hard ? "SIGKILL" : 34 + 5);
    if (!(await bootsBeyond(folder, before, 20_000))) {
      options.progress(`${name} does not go down by itself: cutting its power`);
      send(leader, "SIGKILL");
      if (!(await bootsBeyond(folder, before, 10_000)))
        throw await notUp(record, folder, "it did not boot again");
    }
    await awaitReady(record, folder, options);
  });
}

export async function deleteHost(network: string, name: string, options: LabOptions): Promise<void> {
  await locked(network, name, options, async (folder) => {
    await stop(folder, 0);
    await run("rm", ["-rf", "--one-file-system", folder]);
  });
}

function locked<T>(
  network: string,
  name: string,
  options: LabOptions,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const lock = join(networkFolder(options.folders, network), ".locks", name);
  return withLock(lock, () => work(hostFolder(options.folders, network, name)), options.signal);
}

async function networkFor(spec: NspawnSpec, folders: LabFolders): Promise<Network> {
  assertLabName(spec.name, "host");
  const network = await readNetwork(spec.network, folders);
  if (network === undefined) {
    throw new Fault({
      what: `there is no lab network "${spec.network}"`,
      where: `lab host "${spec.name}"`,
      remedy: "make the network first",
    });
  }
  const objection = objectionToAddress(parseSubnet(network.subnet), spec.address);
  if (objection !== undefined) {
    throw new Fault({
      what: "not an address for a lab host",
      where: `lab host "${spec.name}"`,
      got: `${spec.address}: ${objection}`,
    });
  }
  for (const other of await listHosts(spec.network, folders)) {
    const record =
      other === spec.name ? undefined : await readHostRecord(hostFolder(folders, spec.network, other));
    if (record?.address === spec.address) {
      throw new Fault({
        what: `two lab hosts have the address ${spec.address}`,
        got: `"${other}" and "${spec.name}"`,
      });
    }
  }
  return network;
}

function refuseOther(known: HostRecord, spec: NspawnSpec): void {
  if (known.kind === "nspawn" && known.address === spec.address && known.release === spec.release) return;
  throw new Fault({
    what: `lab host "${spec.name}" exists as another one`,
    got: `${known.kind}, ${known.address}, ${known.release}`,
    allowed: `nspawn, ${spec.address}, ${spec.release}`,
    remedy: "delete it first",
  });
}

async function make(
  spec: NspawnSpec,
  network: Network,
  base: string,
  folder: string,
  options: LabOptions,
): Promise<HostRecord> {
  // Whatever a killed creator left is not worth keeping: nobody has used it.
  await stop(folder, 0);
  await run("rm", ["-rf", "--one-file-system", folder]);
  options.progress(`${spec.name}: laying its files over Debian ${spec.release}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const hostKey = await newHostKey(folder, spec.name);
  const rootStyle = await makeRoot(folder, base);
  await seedRoot(folder, rootStyle, {
    name: spec.name,
    address: spec.address,
    mac: hostNames(folder).mac,
    subnet: parseSubnet(network.subnet),
    nameservers: network.nameservers,
    mtu: network.mtu,
    machineId: newMachineId(),
    authorizedKeys: [network.publicKey],
    hostKey,
  });
  const record: HostRecord = {
    kind: "nspawn",
    name: spec.name,
    network: spec.network,
    address: spec.address,
    release: spec.release,
    hostKeys: [hostKey.publicKey.split(" ").slice(0, 2).join(" ")],
    base,
    rootStyle,
  };
  await writeHostRecord(folder, record);
  return record;
}

async function start(
  record: HostRecord,
  network: Network,
  folder: string,
  options: LabOptions,
): Promise<void> {
  options.progress(`${record.name}: booting`);
  const names = hostNames(folder);
  await stop(folder, 0);
  const supervision = await prepareSupervision(names.cgroup);
  await writeFile(
    join(folder, "host.conf"),
    shellAssignments({
      SCRIPTS: fileURLToPath(new URL(".", import.meta.url)),
      MACHINE: names.machine,
      HOSTNAME_INSIDE: record.name,
      BRIDGE: network.bridge,
      CABLE: names.cable,
      MAC: names.mac,
      MTU: String(network.mtu),
      ROOT_STYLE: record.rootStyle,
      BASE: record.base,
      CGROUPS: supervision.joined,
      CLEARED: supervision.cleared,
      DELEGATED: supervision.delegated,
      INIT_ARGS: initArguments(record.release, isUnified(await readHierarchies())),
    }),
  );
  await startSupervised(names.unit, [fileURLToPath(new URL("supervise.sh", import.meta.url)), folder]);
}

/** Debian 13's systemd refuses cgroup v1 unless it is told that this is meant. */
export function initArguments(release: Release, unified: boolean): string[] {
  return release === "trixie" && !unified
    ? ["systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"]
    : [];
}

/** Ends the host within the grace, or by force; takes away its cable and its groups. */
async function stop(folder: string, graceMilliseconds: number): Promise<void> {
  const names = hostNames(folder);
  const supervisor = await readKnownProcess(join(folder, "supervisor.pid"));
  if (supervisor !== undefined) {
    const nspawn = await readKnownProcess(join(folder, "nspawn.pid"));
    // On SIGTERM systemd-nspawn asks the host's systemd to power off.
    if (graceMilliseconds > 0 && nspawn !== undefined) send(nspawn.pid, "SIGTERM");
    if (graceMilliseconds === 0 || !(await awaitEnd(supervisor, graceMilliseconds))) {
      send(supervisor.pid, "SIGKILL");
      const leader = await leaderOf(folder);
      if (leader !== undefined) send(leader, "SIGKILL");
      if (nspawn !== undefined && !(await awaitEnd(nspawn, 3000))) send(nspawn.pid, "SIGKILL");
    }
  }
  await sweepSupervised(names.unit, names.cgroup);
  await deleteLink(names.cable);
}

async function isRunning(folder: string): Promise<boolean> {
  return (await readKnownProcess(join(folder, "supervisor.pid"))) !== undefined;
}

/** The host's PID 1 as the machine sees it. */
async function leaderOf(folder: string): Promise<number | undefined> {
  const nspawn = await readKnownProcess(join(folder, "nspawn.pid"));
  if (nspawn === undefined) return undefined;
  for (const child of await childrenOf(nspawn.pid)) {
    const status = (await readIfThere(`/proc/${child}/status`)) ?? "";
    if (/^NSpid:.*\t1$/m.test(status)) return child;
  }
  return undefined;
}

async function bootsOf(folder: string): Promise<number> {
  return Number((await readIfThere(join(folder, "boots"))) ?? "0");
}

async function bootsBeyond(folder: string, before: number, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while ((await bootsOf(folder)) <= before) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

/** Up is: systemd has reached multi-user, and the ssh port answers. */
async function awaitReady(record: HostRecord, folder: string, options: LabOptions): Promise<void> {
  const deadline = performance.now() + readyMilliseconds;
  for (;;) {
    options.signal?.throwIfAborted();
    const leader = await leaderOf(folder);
    if (
      leader !== undefined &&
      (await isThere(`/proc/${leader}/root/run/lab-ready`)) &&
      (await answers(record.address, 22))
    )
      return;
    if (performance.now() > deadline) throw await notUp(record, folder, "it was not up in time");
    if (!(await isRunning(folder)) && (await isThere(join(folder, "boots"))))
      throw await notUp(record, folder, "it ended while booting");
    await delay(25);
  }
}

async function notUp(record: HostRecord, folder: string, what: string): Promise<Fault> {
  const tail = async (name: string): Promise<string> =>
    ((await readFile(join(folder, name), "utf8").catch(() => "")) || "").split("\n").slice(-15).join("\n");
  return new Fault({
    what,
    where: `lab host "${record.name}" (${record.address})`,
    cause: `${await tail("supervisor.log")}\n${await tail("console.log")}`.trim(),
    remedy: `see console.log and supervisor.log in ${folder}`,
  });
}

export function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 1000 });
    const done = (result: boolean) => () => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", done(true));
    socket.once("error", done(false));
    socket.once("timeout", done(false));
  });
}
