/** A lab host as its administrator sees it, beside anything the project does there. */
import { leaderOf } from "../../lab/nspawn-host.ts";
import { hostFolder, labFolders } from "../../lab/folders.ts";
import { readHost, rebootHost, stopHost, type LabHost } from "../../lab/hosts.ts";
import { hostNames, networkNames } from "../../lab/names.ts";
import type { LabOptions } from "../../lab/options.ts";
import { networkFolder } from "../../lab/folders.ts";
import { sshArguments } from "../../lab/ssh.ts";
import type { Finished } from "../../commands/program.ts";
import { runProcess, succeeded } from "./process.ts";

export interface LabPlace {
  readonly network: string;
}

export const labOptions: LabOptions = { folders: labFolders(), progress: () => undefined };

export class HostInLab {
  readonly name: string;
  readonly network: string;

  constructor({ network }: LabPlace, name: string) {
    this.network = network;
    this.name = name;
  }

  async found(): Promise<LabHost> {
    const host = await readHost(this.network, this.name, labOptions.folders);
    if (host === undefined) throw new Error(`there is no lab host "${this.name}" on "${this.network}"`);
    return host;
  }

  async attempt(script: string, user = "root"): Promise<Finished> {
    const args = await sshArguments(await this.found(), user, labOptions.folders);
    return runProcess("ssh", [...args, "-o", "BatchMode=yes", "bash -s"], { stdin: script });
  }

  async run(script: string, user = "root"): Promise<string> {
    return succeeded(await this.attempt(script, user), `on ${this.name}: ${script}`).trimEnd();
  }

  /** What is in a folder of this machine, into one of the host's. */
  async put(folder: string, target: string): Promise<void> {
    const args = await sshArguments(await this.found(), "root", labOptions.folders);
    const script = `set -o pipefail; from=$1 to=$2; shift 2
tar --directory "$from" --create . | ssh "$@" -o BatchMode=yes "mkdir -p $to && tar --directory $to --extract --no-same-owner"`;
    const sent = await runProcess("bash", ["-c", script, "put", folder, target, ...args]);
    succeeded(sent, `copying ${folder} to ${this.name}`);
  }

  reboot(hard = false): Promise<void> {
    return rebootHost(this.network, this.name, labOptions, hard);
  }

  powerOff(): Promise<void> {
    return stopHost(this.network, this.name, labOptions);
  }

  /** Its PID 1 as this machine counts. */
  leader(): Promise<number | undefined> {
    return leaderOf(hostFolder(labOptions.folders, this.network, this.name));
  }
}

/** Matches what carries a name of this network's or of these hosts'. */
export function labNamesOf({ network }: LabPlace, hosts: readonly string[]): RegExp {
  const folder = networkFolder(labOptions.folders, network);
  const ids = [
    networkNames(folder).id,
    ...hosts.map((host) => hostNames(hostFolder(labOptions.folders, network, host)).id),
  ];
  return new RegExp([folder, ...ids].join("|"));
}
