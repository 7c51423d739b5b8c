/**
 * A lab network: a bridge on this machine with the gateway's address, a masquerade for what leaves it, and a
 * key pair for logging in to the hosts on it. Making one that is there mends it; deleting one sweeps whatever
 * is left on it.
 */
import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../errors/fault.ts";
import { isMissing, readIfThere, writeWhole } from "./files.ts";
import { networkFolder, type LabFolders } from "./folders.ts";
import { deleteLink } from "./links.ts";
import { withLock } from "./lock.ts";
import { enterMachine, leaveMachine, machineLock } from "./machine-settings.ts";
import { networkNames } from "./names.ts";
import { machineNameservers } from "./nameservers.ts";
import { attempt, run } from "./program.ts";
import { usedRanges, uplinkMtu } from "./routes.ts";
import { overlaps, parseSubnet } from "./subnet.ts";
import type { LabOptions } from "./options.ts";

export interface NetworkSpec {
  readonly name: string;
  readonly subnet: string;
  /** Name servers that hosts ask; by default the machine's own. */
  readonly nameservers?: readonly string[] | undefined;
}

export interface Network {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly bridge: string;
  readonly mtu: number;
  readonly nameservers: readonly string[];
  readonly privateKey: string;
  readonly publicKey: string;
  /** File of the private key, for ssh on the command line. */
  readonly keyFile: string;
}

const recordSchema = z.strictObject({
  name: z.string(),
  subnet: z.string(),
  gateway: z.string(),
  bridge: z.string(),
  mtu: z.int(),
  nameservers: z.array(z.string()),
});

export const labName = /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;

export async function createNetwork(spec: NetworkSpec, options: LabOptions): Promise<Network> {
  assertLabName(spec.name, "network");
  const subnet = parseSubnet(spec.subnet);
  return withLock(
    machineLock,
    async () => {
      const { folders } = options;
      const folder = networkFolder(folders, spec.name);
      const names = networkNames(folder);
      const before = await readRecord(folder);
      if (before !== undefined && before.subnet !== spec.subnet) {
        throw new Fault({
          what: `lab network "${spec.name}" exists with another subnet`,
          got: `${before.subnet}, where ${spec.subnet} is wanted`,
          remedy: "delete it first: its hosts have addresses in the old one",
        });
      }
      await refuseOverlap(spec.name, spec.subnet, names.bridge, folders);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await enterMachine(names.id, folder);
      const record = {
        name: spec.name,
        subnet: spec.subnet,
        gateway: subnet.gateway,
        bridge: names.bridge,
        mtu: await uplinkMtu(),
        nameservers: [...(spec.nameservers ?? (await machineNameservers()))],
      };
      // Written before the bridge is made, so that a creator that is killed leaves something to delete by.
      await writeWhole(join(folder, "network.json"), JSON.stringify(record, null, 2));
      await makeKeyPair(folder, spec.name);
      options.progress(`bridge ${names.bridge} with ${subnet.gateway}/${subnet.prefix}`);
      await makeBridge(names.bridge, `${subnet.gateway}/${subnet.prefix}`, record.mtu);
      await run("nft", ["-f", "-"], { input: rules(names.nftTable, spec.subnet, names.bridge) });
      return withKeys(folder, record);
    },
    options.signal,
  );
}

/** The network as it is; undefined when there is none, or when its bridge has gone. */
export async function readNetwork(name: string, folders: LabFolders): Promise<Network | undefined> {
  const network = await recordedNetwork(name, folders);
  if (network === undefined) return undefined;
  const link = await attempt("ip", ["-j", "addr", "show", "dev", network.bridge]);
  const table = await attempt("nft", [
    "list",
    "table",
    "ip",
    networkNames(networkFolder(folders, name)).nftTable,
  ]);
  return link.code === 0 && link.stdout.includes(`"${network.gateway}"`) && table.code === 0
    ? network
    : undefined;
}

/** The network as it was made, whether or not its bridge still stands. */
export async function recordedNetwork(name: string, folders: LabFolders): Promise<Network | undefined> {
  const folder = networkFolder(folders, name);
  const record = await readRecord(folder);
  const complete = record !== undefined && (await readIfThere(keyFile(folder))) !== undefined;
  return complete ? withKeys(folder, record) : undefined;
}

/** Removes bridge, masquerade, keys and folder. The caller has removed the hosts. */
export async function removeNetwork(name: string, options: LabOptions): Promise<void> {
  await withLock(
    machineLock,
    async () => {
      const folder = networkFolder(options.folders, name);
      const names = networkNames(folder);
      await deleteLink(names.bridge);
      await run("nft", ["-f", "-"], {
        input: `table ip ${names.nftTable}\ndelete table ip ${names.nftTable}\n`,
      });
      await rm(folder, { recursive: true, force: true });
      await leaveMachine(names.id);
    },
    options.signal,
  );
}

export async function listNetworks(folders: LabFolders): Promise<string[]> {
  return subfolders(folders.state);
}

export async function listHosts(network: string, folders: LabFolders): Promise<string[]> {
  return subfolders(networkFolder(folders, network));
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory() && labName.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

export function assertLabName(name: string, what: string): void {
  if (labName.test(name)) return;
  throw new Fault({
    what: `not a name for a lab ${what}`,
    got: JSON.stringify(name),
    allowed: "at most 32 lower-case letters, digits and hyphens, beginning with a letter",
  });
}

/**
 * The nft commands; the first line makes the table if need be, so that the second cannot fail. What leaves is
 * masqueraded. Nobody but this machine reaches hosts and registry from outside: they are open by design.
 */
export function rules(table: string, subnet: string, bridge: string): string {
  return `table ip ${table}
delete table ip ${table}
table ip ${table} {
  chain guard {
    type filter hook prerouting priority raw;
    iifname != { "lo", "${bridge}" } ip daddr ${subnet} drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${subnet} oifname != "${bridge}" masquerade
  }
}
`;
}

async function makeBridge(bridge: string, address: string, mtu: number): Promise<void> {
  const present = (await attempt("ip", ["link", "show", "dev", bridge])).code === 0;
  if (!present)
    await run("ip", ["link", "add", bridge, "type", "bridge", "stp_state", "0", "forward_delay", "0"]);
  await run("ip", ["addr", "replace", address, "dev", bridge]);
  await run("ip", ["link", "set", bridge, "mtu", String(mtu), "addrgenmode", "none", "up"]);
}

async function makeKeyPair(folder: string, network: string): Promise<void> {
  if (
    (await readIfThere(keyFile(folder))) !== undefined &&
    (await readIfThere(`${keyFile(folder)}.pub`)) !== undefined
  ) {
    return;
  }
  await rm(keyFile(folder), { force: true });
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `lab-${network}`, "-f", keyFile(folder)], {
    purpose: "make the lab's ssh key pair",
  });
}

function keyFile(folder: string): string {
  return join(folder, "id_ed25519");
}

async function withKeys(folder: string, record: z.infer<typeof recordSchema>): Promise<Network> {
  return {
    ...record,
    keyFile: keyFile(folder),
    privateKey: await readFile(keyFile(folder), "utf8"),
    publicKey: (await readFile(`${keyFile(folder)}.pub`, "utf8")).trim(),
  };
}

async function readRecord(folder: string): Promise<z.infer<typeof recordSchema> | undefined> {
  const text = await readIfThere(join(folder, "network.json"));
  return text === undefined ? undefined : recordSchema.parse(JSON.parse(text));
}

async function refuseOverlap(
  name: string,
  subnet: string,
  bridge: string,
  folders: LabFolders,
): Promise<void> {
  const used = await usedRanges(bridge);
  for (const other of await listNetworks(folders)) {
    const record = other === name ? undefined : await readRecord(networkFolder(folders, other));
    if (record !== undefined) used.push({ cidr: record.subnet, user: `lab network "${other}"` });
  }
  const clashes = overlaps(parseSubnet(subnet), used);
  if (clashes.length === 0) return;
  throw new Fault({
    what: "the lab's subnet is taken on this machine",
    where: `lab network "${name}"`,
    got: `${subnet}, which overlaps with ${clashes.map(({ cidr, user }) => `${cidr} (${user})`).join(", ")}`,
    remedy: "choose another subnet, as in 10.78.0.0/24",
  });
}
