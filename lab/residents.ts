/** What hosts of every kind have in common: a place on a network, an address, a folder with a lock. */
import { connect } from "node:net";
import { join } from "node:path";
import { Fault } from "../errors/fault.ts";
import { hostFolder, networkFolder, type LabFolders } from "./folders.ts";
import { readHostRecord, type HostRecord } from "./host-record.ts";
import { withLock, type Lock } from "./lock.ts";
import { assertLabName, listHosts, readNetwork, type Network } from "./network.ts";
import type { LabOptions } from "./options.ts";
import type { Release } from "./releases.ts";
import { objectionToAddress, parseSubnet } from "./subnet.ts";

export interface HostSpec {
  readonly name: string;
  /** Name of the lab network it is on. */
  readonly network: string;
  readonly address: string;
  readonly release: Release;
}

export interface KvmSpec extends HostSpec {
  readonly memoryMiB: number;
  readonly cpus: number;
}

export type HostStatus = "running" | "stopped";

export interface LabHost extends HostRecord {
  readonly status: HostStatus;
}

export function withHostLock<T>(
  network: string,
  name: string,
  options: LabOptions,
  work: (folder: string, lock: Lock) => Promise<T>,
): Promise<T> {
  const lock = join(networkFolder(options.folders, network), ".locks", name);
  return withLock(lock, (held) => work(hostFolder(options.folders, network, name), held), options.signal);
}

/** The network the host goes to, once its name and address have been found fit. */
export async function networkFor(spec: HostSpec, folders: LabFolders): Promise<Network> {
  const where = `lab host "${spec.name}"`;
  assertLabName(spec.name, "host");
  const network = await readNetwork(spec.network, folders);
  if (network === undefined) {
    throw new Fault({
      what: `there is no lab network "${spec.network}"`,
      where,
      remedy: "make the network first",
    });
  }
  const objection = objectionToAddress(parseSubnet(network.subnet), spec.address);
  if (objection !== undefined) {
    throw new Fault({ what: "not an address for a lab host", where, got: `${spec.address}: ${objection}` });
  }
  for (const other of await listHosts(spec.network, folders)) {
    const record =
      other === spec.name ? undefined : await readHostRecord(hostFolder(folders, spec.network, other));
    if (record?.address !== spec.address) continue;
    throw new Fault({
      what: `the address ${spec.address} is another host's`,
      where,
      got: `"${other}" has it`,
    });
  }
  return network;
}

export function refuseOther(known: HostRecord, kind: HostRecord["kind"], spec: HostSpec): void {
  if (known.kind === kind && known.address === spec.address && known.release === spec.release) return;
  throw new Fault({
    what: `lab host "${spec.name}" exists as another one`,
    got: `${known.kind}, ${known.address}, ${known.release}`,
    allowed: `${kind}, ${spec.address}, ${spec.release}`,
    remedy: "delete it first",
  });
}

/** Whether something accepts connections there. */
export function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 1000 });
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => {
      end(true);
    });
    socket.once("error", () => {
      end(false);
    });
    socket.once("timeout", () => {
      end(false);
    });
  });
}
