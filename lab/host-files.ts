/** The files that make a base tree one particular host. */
import type { Subnet } from "./subnet.ts";

export interface HostIdentity {
  readonly name: string;
  readonly address: string;
  readonly mac: string;
  readonly subnet: Subnet;
  readonly nameservers: readonly string[];
  readonly mtu: number;
  readonly machineId: string;
  /** May log in as root and as `operator`. */
  readonly authorizedKeys: readonly string[];
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string };
}

/** User and group by number: the tree's names mean nothing on this machine. */
export interface Owner {
  readonly user: number;
  readonly group: number;
}

export interface SeedFile {
  readonly content: string;
  readonly mode: number;
  readonly owner: Owner;
}

export interface SeedFolder {
  readonly mode: number;
  readonly owner: Owner;
}

const root: Owner = { user: 0, group: 0 };
/** As the base tree makes it; 37 is Debian's own group of this name. */
const operator: Owner = { user: 1000, group: 37 };

/** Folders that the files need, parents first, as they are in the base tree: an overlay shows the upper one. */
export function seedFolders(): Readonly<Record<string, SeedFolder>> {
  return {
    "/etc": { mode: 0o755, owner: root },
    "/etc/ssh": { mode: 0o755, owner: root },
    "/etc/systemd": { mode: 0o755, owner: root },
    "/etc/systemd/network": { mode: 0o755, owner: root },
    "/root": { mode: 0o700, owner: root },
    "/root/.ssh": { mode: 0o700, owner: root },
    "/home": { mode: 0o755, owner: root },
    "/home/operator": { mode: 0o700, owner: operator },
    "/home/operator/.ssh": { mode: 0o700, owner: operator },
  };
}

export function seedFiles(host: HostIdentity): Readonly<Record<string, SeedFile>> {
  const keys = `${host.authorizedKeys.join("\n")}\n`;
  return {
    "/etc/hostname": plain(`${host.name}\n`),
    "/etc/hosts": plain(hostsFile(host)),
    "/etc/machine-id": { content: `${host.machineId}\n`, mode: 0o444, owner: root },
    "/etc/resolv.conf": plain(host.nameservers.map((server) => `nameserver ${server}\n`).join("")),
    "/etc/systemd/network/10-lab.network": plain(networkUnit(host)),
    "/etc/ssh/ssh_host_ed25519_key": { content: host.hostKey.privateKey, mode: 0o600, owner: root },
    "/etc/ssh/ssh_host_ed25519_key.pub": plain(`${host.hostKey.publicKey}\n`),
    "/root/.ssh/authorized_keys": { content: keys, mode: 0o600, owner: root },
    "/home/operator/.ssh/authorized_keys": { content: keys, mode: 0o600, owner: operator },
  };
}

function plain(content: string): SeedFile {
  return { content, mode: 0o644, owner: root };
}

function hostsFile(host: HostIdentity): string {
  return `127.0.0.1\tlocalhost
${host.address}\t${host.name}
::1\tlocalhost ip6-localhost ip6-loopback
`;
}

export function networkUnit(host: Pick<HostIdentity, "address" | "mac" | "subnet" | "mtu">): string {
  return `[Match]
MACAddress=${host.mac}

[Link]
MTUBytes=${host.mtu}

[Network]
Address=${host.address}/${host.subnet.prefix}
Gateway=${host.subnet.gateway}
LinkLocalAddressing=no
IPv6AcceptRA=no
ConfigureWithoutCarrier=yes
`;
}
