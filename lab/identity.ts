/** What every new host gets that no other has. */
import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { HostIdentity } from "./host-files.ts";
import { hostNames } from "./names.ts";
import type { Network } from "./network.ts";
import { run } from "./program.ts";
import type { HostSpec } from "./residents.ts";
import { parseSubnet } from "./subnet.ts";

/** Who a host in this folder is, with a key and a machine-id that are made here. */
export async function newIdentity(spec: HostSpec, network: Network, folder: string): Promise<HostIdentity> {
  return {
    name: spec.name,
    address: spec.address,
    mac: hostNames(folder).mac,
    subnet: parseSubnet(network.subnet),
    nameservers: network.nameservers,
    mtu: network.mtu,
    machineId: randomBytes(16).toString("hex"),
    authorizedKeys: [network.publicKey],
    hostKey: await newHostKey(folder, spec.name),
  };
}

async function newHostKey(folder: string, host: string): Promise<HostIdentity["hostKey"]> {
  const file = join(folder, "host-key");
  await rm(file, { force: true });
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `root@${host}`, "-f", file]);
  const key = {
    privateKey: await readFile(file, "utf8"),
    publicKey: (await readFile(`${file}.pub`, "utf8")).trim(),
  };
  await rm(file);
  await rm(`${file}.pub`);
  return key;
}
