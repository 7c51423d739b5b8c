/** The ssh command line for a lab host: the network's key, the host's pinned key, and nothing of the user's. */
import { join } from "node:path";
import { writeWhole } from "./files.ts";
import { hostFolder, networkFolder, type LabFolders } from "./folders.ts";
import type { LabHost } from "./residents.ts";

export async function sshArguments(host: LabHost, user: string, folders: LabFolders): Promise<string[]> {
  const knownHosts = join(hostFolder(folders, host.network, host.name), "known_hosts");
  await writeWhole(knownHosts, host.hostKeys.map((key) => `${host.address} ${key}\n`).join(""));
  const options = [
    `IdentityFile=${join(networkFolder(folders, host.network), "id_ed25519")}`,
    "IdentitiesOnly=yes",
    `UserKnownHostsFile=${knownHosts}`,
    "GlobalKnownHostsFile=/dev/null",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ConnectTimeout=10",
  ];
  return ["-F", "none", ...options.flatMap((option) => ["-o", option]), `${user}@${host.address}`];
}
