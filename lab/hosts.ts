/** Hosts of every kind, by network and name. */
import { Fault } from "../errors/fault.ts";
import { isThere } from "./files.ts";
import { hostFolder, networkFolder, type LabFolders } from "./folders.ts";
import { readHostRecord, type HostRecord } from "./host-record.ts";
import { rebootKvmHost, stopKvmHost } from "./kvm-host.ts";
import { listHosts, removeNetwork } from "./network.ts";
import { rebootNspawnHost, stopNspawnHost } from "./nspawn-host.ts";
import type { LabOptions } from "./options.ts";
import { run } from "./program.ts";
import { deleteRegistry } from "./registry.ts";
import { withHostLock, type LabHost } from "./residents.ts";
import { isRunning } from "./supervised.ts";

export { createKvmHost } from "./kvm-host.ts";
export { createNspawnHost } from "./nspawn-host.ts";
export type { HostSpec, HostStatus, KvmSpec, LabHost } from "./residents.ts";

const patience = 15_000;

/** The host as it is; undefined when there is none, or only what a killed creator left of one. */
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

/** Powers off, and cuts the power of what has not ended after the grace. */
export async function stopHost(
  network: string,
  name: string,
  options: LabOptions,
  graceMilliseconds = patience,
): Promise<void> {
  await withHostLock(network, name, options, async (folder) => {
    await stop(await readHostRecord(folder), folder, graceMilliseconds, options);
  });
}

export async function rebootHost(
  network: string,
  name: string,
  options: LabOptions,
  hard = false,
): Promise<void> {
  await withHostLock(network, name, options, async (folder) => {
    const record = await readHostRecord(folder);
    if (record === undefined) throw new Fault({ what: `there is no lab host "${name}" on "${network}"` });
    const reboot = record.kind === "kvm" ? rebootKvmHost : rebootNspawnHost;
    await reboot(record, folder, options, hard);
  });
}

/** Right for a host that was never made to the end, and for one that is not there. */
export async function deleteHost(network: string, name: string, options: LabOptions): Promise<void> {
  // Without the network there is no host either, and no folder to lock it in.
  if (!(await isThere(networkFolder(options.folders, network)))) return;
  await withHostLock(network, name, options, async (folder, lock) => {
    await stop(undefined, folder, 0, options);
    await run("rm", ["-rf", "--one-file-system", folder], { holding: lock });
  });
}

/** The network with all that is left on it: what a killed creator made is known here and nowhere else. */
export async function deleteNetwork(network: string, options: LabOptions): Promise<void> {
  for (const name of await listHosts(network, options.folders)) {
    options.progress(`deleting ${name}`);
    await deleteHost(network, name, options);
  }
  await deleteRegistry(network, options);
  await removeNetwork(network, options);
}

async function stop(
  record: HostRecord | undefined,
  folder: string,
  graceMilliseconds: number,
  options: LabOptions,
): Promise<void> {
  if (record?.kind === "kvm") await stopKvmHost(record, folder, graceMilliseconds, options.folders);
  else await stopNspawnHost(folder, graceMilliseconds);
}
