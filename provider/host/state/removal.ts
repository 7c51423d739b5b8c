/** The steps that take things away, whether a role goes or only a part of it. */
import { unitPath } from "../layout.ts";
import type { HostWork } from "../remote/work.ts";
import { counted, removeUsersScript, sysctlScript } from "./apply/accounts.ts";
import { removeDirectoriesScript } from "./apply/directories.ts";
import { removeFilesScript } from "./apply/files.ts";
import { purge, withUnneeded } from "./apply/packages.ts";
import { removeUnitsScript } from "./apply/units.ts";
import type { Plan } from "./plan.ts";

export async function stopRemoved(work: HostWork, plan: Plan): Promise<void> {
  const script = removeUnitsScript(plan.removed);
  if (script.length === 0) return;
  const names = [...plan.removed.units, ...plan.removed.restoredUnits.map(({ name }) => name)];
  await work.step(`stops ${names.join(", ")}`, script.join("\n"));
}

export async function removeFiles(work: HostWork, plan: Plan): Promise<void> {
  const { files } = plan.removed;
  if (files.length === 0) return;
  await work.step(`removes ${counted(files.length, "file", "files")}`, removeFilesScript(files).join("\n"));
}

/** Whether systemd still knows units whose files are gone. */
export function hadUnits(plan: Plan): boolean {
  const { units, files } = plan.removed;
  return units.length > 0 || files.some(({ path }) => path.startsWith(unitPath("")));
}

/** Packages go before users and directories: their own removal scripts may still want those. */
export async function purgeRemoved(work: HostWork, plan: Plan): Promise<void> {
  const { packages, droppedPackages } = plan.removed;
  if (packages.length === 0 && droppedPackages.length === 0) return;
  const unneeded = await withUnneeded(work, droppedPackages, plan.during.installed);
  await purge(work, [...packages, ...unneeded]);
}

/** What goes last: nothing that runs needs it any more. The ledger is brought up to date with it. */
export async function removeRest(work: HostWork, plan: Plan, closing: readonly string[]): Promise<void> {
  const { sysctls, users, directories } = plan.removed;
  const script = [
    ...sysctls.map(sysctlScript),
    ...removeUsersScript(users),
    ...removeDirectoriesScript(directories),
    ...closing,
  ];
  if (script.length === 0) return;
  const name =
    script.length === closing.length ? "closes the ledger" : "removes users, directories and settings";
  const result = await work.step(name, script.join("\n"));
  const left = result.stdout.toString("utf8").trim();
  if (left !== "") work.log.warning(`${work.host}: ${left}`);
}
