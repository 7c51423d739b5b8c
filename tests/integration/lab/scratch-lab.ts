/** A lab of a test's own: state in a folder of its own, base trees out of the shared cache. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { labFolders, type LabFolders } from "../../../lab/folders.ts";
import { deleteNetwork, type LabHost } from "../../../lab/hosts.ts";
import { hostNames, networkNames } from "../../../lab/names.ts";
import { listNetworks } from "../../../lab/network.ts";
import type { LabOptions } from "../../../lab/options.ts";
import { attempt, type Finished } from "../../../lab/program.ts";
import { sshArguments } from "../../../lab/ssh.ts";

export interface ScratchLab {
  readonly options: LabOptions;
  /** Matches whatever carries a name of this lab's. */
  readonly ours: RegExp;
  ssh(host: LabHost, command: string, user?: string): Promise<Finished>;
  remove(): Promise<void>;
}

export async function makeScratchLab(network: string, hosts: readonly string[]): Promise<ScratchLab> {
  const shared = labFolders();
  await mkdir(shared.lab, { recursive: true });
  await sweepAbandoned(shared);
  const state = await mkdtemp(join(shared.lab, `test-${process.pid}-`));
  const folders = { ...shared, state };
  const options: LabOptions = { folders, progress: () => undefined };
  const ids = [join(state, network), ...hosts.map((host) => join(state, network, host))].flatMap((folder) => [
    networkNames(folder).id,
    hostNames(folder).id,
  ]);
  return {
    options,
    ours: new RegExp([state, ...ids].join("|")),
    ssh: async (host, command, user = "root") =>
      attempt("ssh", [...(await sshArguments(host, user, folders)), "-o", "BatchMode=yes", command]),
    remove: async () => {
      for (const name of await listNetworks(folders)) await deleteNetwork(name, options);
      await rm(state, { recursive: true, force: true });
    },
  };
}

/** A run that was killed could not take its labs away: they would hold the subnets that the next run asks for. */
async function sweepAbandoned(shared: LabFolders): Promise<void> {
  for (const name of await readdir(shared.lab)) {
    const pid = /^test-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    const folders = { ...shared, state: join(shared.lab, name) };
    for (const network of await listNetworks(folders)) {
      await deleteNetwork(network, { folders, progress: () => undefined });
    }
    await rm(folders.state, { recursive: true, force: true });
  }
}
