/** Brings a host to a role's desired state: survey, plan, announce, do, look again. */
import type { Properties } from "../../protocol/value.ts";
import { assertClaimed } from "../claim/claim-file.ts";
import { ancestorsOf } from "../layout.ts";
import type { HostWork } from "../remote/work.ts";
import { makeDirectories, makeUsers, setSysctls } from "./apply/accounts.ts";
import { bringFiles } from "./apply/files.ts";
import { runProbes } from "./apply/probes.ts";
import { registerUnits, reloadUnits, startUnits, unitFault } from "./apply/units.ts";
import { bringPackages } from "./bring-packages.ts";
import type { StateInputs } from "./inputs.ts";
import { emptyLedger, Neighbours, type Ledger } from "./ledger.ts";
import { announce, ledgerScript } from "./ledger-file.ts";
import { planChanges, type Plan } from "./plan.ts";
import { hadUnits, purgeRemoved, removeFiles, removeRest, stopRemoved } from "./removal.ts";
import { survey, type Survey, type SurveyRequest } from "./survey.ts";
import { conditionOf, satisfies } from "./unit-condition.ts";
import { wantedFiles, type WantedFile } from "./wanted.ts";

export const LOCK_DEADLINE_SECONDS = 600;

/** Brings the host to the desired state, and gives what is on it then. */
export async function converge(work: HostWork, state: StateInputs, inputs: Properties): Promise<Survey> {
  const files = wantedFiles(state, inputs);
  await work.session.lock(state.claim, LOCK_DEADLINE_SECONDS, (line) => {
    work.log.progress(line);
  });
  await bringPackages(work, state);
  const { plan, before } = await announcePlan(work, state, files);
  await stopRemoved(work, plan);
  await makeUsers(work, plan.users);
  await makeDirectories(work, plan.directories);
  await bringFiles(work, state.role, plan.files);
  await removeFiles(work, plan);
  await setSysctls(work, plan.sysctls);
  await registerUnits(work, plan);
  await startUnits(work, plan, state.units, before.units);
  await runProbes(work, state.probes);
  if (hadUnits(plan)) await reloadUnits(work);
  const { packages, droppedPackages } = plan.removed;
  if (packages.length > 0 || droppedPackages.length > 0) {
    await work.session.exclusive("packages", () => purgeRemoved(work, plan));
  }
  const settled = JSON.stringify(plan.after) === JSON.stringify({ ...plan.during, restart: [] });
  await removeRest(work, plan, settled ? [] : [ledgerScript(plan.after)]);
  const found = await survey(work, surveyRequest(state, inputs, files), "looks at the result");
  await assertRunning(work, state, found);
  return found;
}

/** All that a role's state names, and the directories above. */
export function surveyRequest(
  state: StateInputs,
  inputs: Properties,
  files: ReadonlyMap<string, WantedFile> = wantedFiles(state, inputs),
): SurveyRequest {
  const named = [...files.keys(), ...Object.keys(state.directories)];
  const hashes = new Map<string, string>();
  const reveal = new Set<string>();
  for (const [path, wanted] of files) {
    if (wanted.kind !== "content") continue;
    hashes.set(path, wanted.sha256);
    if (!wanted.secret) reveal.add(path);
  }
  return {
    paths: [...new Set([...named, ...named.flatMap(ancestorsOf)])],
    hashes,
    reveal,
    packages: Object.keys(state.packages),
    users: Object.keys(state.users),
    sysctls: Object.keys(state.sysctls),
    units: Object.keys(state.units),
  };
}

/** Looks, plans and writes down what will be, while no other role does the same. */
async function announcePlan(
  work: HostWork,
  state: StateInputs,
  files: ReadonlyMap<string, WantedFile>,
): Promise<{ readonly plan: Plan; readonly before: Survey }> {
  return work.session.exclusive("ledger", async () => {
    const found = await survey(work, surveyRequest(state, {}, files), "looks at the host");
    assertClaimed(work, found.claim, state.claim);
    const known = found.ledgers.get(state.role);
    const ledger = shareInstalled(known ?? emptyLedger(state.role, Date.now()), state, found);
    const plan = planChanges({ desired: state, files, survey: found, ledger });
    if (JSON.stringify(known) !== JSON.stringify(plan.during))
      await announce(work, plan.during, plan.backups);
    return { plan, before: found };
  });
}

function shareInstalled(ledger: Ledger, state: StateInputs, found: Survey): Ledger {
  const neighbours = new Neighbours(found.ledgers.values(), state.role);
  const shared = neighbours.installedWith(Object.keys(state.packages));
  return { ...ledger, installed: [...new Set([...ledger.installed, ...shared])] };
}

/** A service may start and die a moment later; the role is done only when its units are as they should be. */
async function assertRunning(work: HostWork, state: StateInputs, found: Survey): Promise<void> {
  const failed = Object.entries(state.units)
    .filter(([name, unit]) => !name.includes("@.") && !satisfies(unit, conditionOf(found.units.get(name))))
    .map(([name]) => name);
  if (failed.length > 0) throw await unitFault(work, failed, found.units);
}
