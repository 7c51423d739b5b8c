/**
 * A throw-away host in systemd-nspawn: systemd as PID 1, sshd, an address of its own. Making one that exists
 * mends and starts it; stopping always ends; deleting leaves nothing behind.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "../errors/fault.ts";
import { baseTree } from "./base-tree.ts";
import type { Release } from "./releases.ts";
import { isUnified, readHierarchies } from "./cgroups.ts";
import { isThere, readIfThere } from "./files.ts";
import { readHostRecord, recordOf, writeHostRecord, type HostRecord } from "./host-record.ts";
import { newIdentity } from "./identity.ts";
import type { Lock } from "./lock.ts";
import { hostNames } from "./names.ts";
import type { Network } from "./network.ts";
import { makeRoot, seedRoot } from "./nspawn-root.ts";
import type { LabOptions } from "./options.ts";
import { childrenOf, send } from "./process.ts";
import { run } from "./program.ts";
import { answers, networkFor, refuseOther, withHostLock, type HostSpec, type LabHost } from "./residents.ts";
import {
  bootsBeyond,
  bootsOf,
  failedStart,
  isRunning,
  payloadOf,
  startSupervised,
  stopSupervised,
} from "./supervised.ts";

const readyMilliseconds = 90_000;
/** What systemd takes as an order to reboot: SIGRTMIN+5. */
const rebootSignal = 34 + 5;

export async function createNspawnHost(spec: HostSpec, options: LabOptions): Promise<LabHost> {
  const network = await networkFor(spec, options.folders);
  const base = await baseTree(spec.release, "nspawn", options);
  return withHostLock(spec.network, spec.name, options, async (folder, lock) => {
    const known = await readHostRecord(folder);
    if (known !== undefined) refuseOther(known, "nspawn", spec);
    const record = known ?? (await make(spec, network, base, folder, lock, options));
    if (!(await isRunning(folder))) await start(record, network, folder, options);
    await awaitReady(record, folder, options);
    return { ...record, status: "running" };
  });
}

/** An orderly power-off; what hangs is cut off after the grace. No grace is a power cut. */
export async function stopNspawnHost(folder: string, graceMilliseconds: number): Promise<void> {
  await stopSupervised(folder, graceMilliseconds, (payload) => {
    // systemd-nspawn hands it on as a request to power off.
    send(payload.pid, "SIGTERM");
    return Promise.resolve();
  });
}

/** `hard` is a power cut. Returns when the host is up again. The caller holds the host's lock. */
export async function rebootNspawnHost(
  record: HostRecord,
  folder: string,
  options: LabOptions,
  hard: boolean,
): Promise<void> {
  const leader = await leaderOf(folder);
  if (leader === undefined) {
    throw new Fault({ what: "it is not running", where: `lab host "${record.name}"`, remedy: "start it" });
  }
  const before = await bootsOf(folder);
  await writeFile(join(folder, "again"), "");
  send(leader, hard ? "SIGKILL" : rebootSignal);
  if (!(await bootsBeyond(folder, before, 20_000))) {
    options.progress(`${record.name} does not go down by itself: cutting its power`);
    send(leader, "SIGKILL");
    if (!(await bootsBeyond(folder, before, 10_000)))
      throw await failedStart(folder, "it did not boot again");
  }
  await awaitReady(record, folder, options);
}

async function make(
  spec: HostSpec,
  network: Network,
  base: string,
  folder: string,
  lock: Lock,
  options: LabOptions,
): Promise<HostRecord> {
  // Whatever a killed creator left is not worth keeping: nobody has used it.
  await stopNspawnHost(folder, 0);
  await run("rm", ["-rf", "--one-file-system", folder], { holding: lock });
  options.progress(`${spec.name}: laying its files over Debian ${spec.release}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const identity = await newIdentity(spec, network, folder);
  const rootStyle = await makeRoot(folder, base, lock);
  await seedRoot(folder, rootStyle, identity);
  const record = recordOf(spec, identity, { kind: "nspawn", base, rootStyle });
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
  await stopNspawnHost(folder, 0);
  await startSupervised(folder, {
    boot: "boot-nspawn.sh",
    settings: {
      MACHINE: names.machine,
      HOSTNAME_INSIDE: record.name,
      BRIDGE: network.bridge,
      CABLE: names.cable,
      MAC: names.mac,
      MTU: String(network.mtu),
      ROOT_STYLE: record.rootStyle,
      BASE: record.base,
      INIT_ARGS: initArguments(record.release, isUnified(await readHierarchies())),
    },
  });
}

/** Debian 13's systemd refuses cgroup v1 unless it is told that this is meant. */
export function initArguments(release: Release, unified: boolean): string[] {
  return release === "trixie" && !unified
    ? ["systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"]
    : [];
}

/** The host's PID 1 as the machine sees it. */
export async function leaderOf(folder: string): Promise<number | undefined> {
  const nspawn = await payloadOf(folder);
  if (nspawn === undefined) return undefined;
  for (const child of await childrenOf(nspawn.pid)) {
    const status = (await readIfThere(`/proc/${child}/status`)) ?? "";
    if (/^NSpid:.*\t1$/m.test(status)) return child;
  }
  return undefined;
}

/** Up is: systemd has reached multi-user, and the ssh port answers. */
async function awaitReady(record: HostRecord, folder: string, options: LabOptions): Promise<void> {
  const deadline = performance.now() + readyMilliseconds;
  for (;;) {
    options.signal?.throwIfAborted();
    const leader = await leaderOf(folder);
    const reached = leader !== undefined && (await isThere(`/proc/${leader}/root/run/lab-ready`));
    if (reached && (await answers(record.address, 22))) return;
    if (performance.now() > deadline) throw await failedStart(folder, "it was not up in time");
    if (!(await isRunning(folder))) throw await failedStart(folder, "it ended while booting");
    await delay(25);
  }
}
