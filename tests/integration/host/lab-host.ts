/** A throw-away host for these tests, and operations on it as the engine would call them. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { labFolders, networkFolder } from "../../../lab/folders.ts";
import { createNspawnHost, deleteNetwork, type LabHost } from "../../../lab/hosts.ts";
import { createNetwork, readNetwork } from "../../../lab/network.ts";
import type { LabOptions } from "../../../lab/options.ts";
import type { Release } from "../../../lab/base-tree.ts";
import { sshArguments } from "../../../lab/ssh.ts";
import { ClaimKind } from "../../../provider/host/claim/kind.ts";
import { Connections } from "../../../provider/host/remote/connections.ts";
import { StateKind } from "../../../provider/host/state/kind.ts";
import type { OperationContext } from "../../../provider/protocol/resource.ts";
import { isMap, Secret, type Properties, type Value } from "../../../provider/protocol/value.ts";
import { labRange, type LabRange } from "../../support/lab-range.ts";

/** Of this process alone: another checkout may run the same tests at the same time. */
const NETWORK = `host-layer-${process.pid}`;
export const STACK = "organization/host-layer/test";

const options: LabOptions = { folders: labFolders(), progress: () => undefined };

let range: Promise<LabRange> | undefined;

/** Last numbers of addresses by host: the hosts of all files share the network. */
const numbers = new Map<string, number>();

export async function startLabHost(name: string, release: Release = "trixie"): Promise<LabHost> {
  range ??= makeNetwork();
  const number = numbers.get(name) ?? 11 + numbers.size;
  numbers.set(name, number);
  const address = (await range).address(number);
  return createNspawnHost({ name, network: NETWORK, address, release }, options);
}

async function makeNetwork(): Promise<LabRange> {
  const free = await labRange(NETWORK);
  await createNetwork({ name: NETWORK, subnet: free.subnet }, options);
  return free;
}

/** Registered by each file for the end of the whole run. */
export async function endLab(this: Mocha.Context): Promise<void> {
  this.timeout(60_000);
  await range;
  range = undefined;
  if ((await readNetwork(NETWORK, options.folders)) !== undefined) await deleteNetwork(NETWORK, options);
}

export async function connectionTo(host: LabHost, user = "root"): Promise<Properties> {
  const privateKey = await readFile(join(networkFolder(options.folders, host.network), "id_ed25519"), "utf8");
  return {
    address: host.address,
    user,
    hostKeys: host.hostKeys,
    privateKey: new Secret(privateKey),
    deadlineSeconds: 20,
  };
}

/** Runs a command on the host beside the host layer, over the system's own ssh. */
export async function onHost(host: LabHost, command: string): Promise<string> {
  const parts = await sshArguments(host, "root", options.folders);
  const { stdout } = await promisify(execFile)("ssh", [...parts, command], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

export interface ListeningContext extends OperationContext {
  readonly said: string[];
  /** Resolves with the first line that matches. */
  heard(pattern: RegExp): Promise<string>;
}

/** An operation's context that keeps what was said. */
export function quietContext(signal = new AbortController().signal): ListeningContext {
  const said: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const say = (line: string): void => {
    said.push(line);
    for (const listener of listeners) listener(line);
  };
  return {
    urn: "urn:pulumi:test::host-layer::rktnetes:host:State::it",
    name: "it",
    preview: false,
    timeoutSeconds: 0,
    signal,
    log: { progress: say, info: say, warning: say },
    said,
    heard: (pattern) =>
      new Promise((resolve) => {
        const listener = (line: string): void => {
          if (!pattern.test(line)) return;
          listeners.delete(listener);
          resolve(line);
        };
        listeners.add(listener);
        for (const line of said) listener(line);
      }),
  };
}

/** An output that is text. */
export function textOf(outputs: Properties, name: string): string {
  const value = outputs[name];
  if (typeof value !== "string") throw new Error(`the output ${name} is no text`);
  return value;
}

/** A map without some of its entries. */
export function without(map: Value | undefined, ...names: string[]): Properties {
  if (map === undefined || !isMap(map)) throw new Error("not a map");
  return Object.fromEntries(Object.entries(map).filter(([name]) => !names.includes(name)));
}

/** One provider process's worth of the host layer. */
export class HostLayer {
  readonly connections = new Connections();
  readonly claims = new ClaimKind(this.connections);
  readonly states = new StateKind(this.connections);

  close(): void {
    this.connections.close();
  }
}
