/** Brings a host to a role's desired state, and takes a role away: survey, plan, announce, do, look again. */
import { Fault } from "../../../errors/fault.ts";
import type { Properties } from "../../protocol/value.ts";
import { ancestorsOf, CLAIM_FILE, ledgerFile, stagingOf, unitPath } from "../layout.ts";
import { sh } from "../remote/quote.ts";
import type { HostWork } from "../remote/work.ts";
import { assertClaimed, claimOf } from "../claim/claim-file.ts";
import {
  counted,
  makeDirectories,
  makeUsers,
  removeUsersScript,
  setSysctls,
  sysctlScript,
} from "./apply/accounts.ts";
import { bringFiles, removeFilesScript, SWEEP_BLOBS } from "./apply/files.ts";
import {
  install,
  missingPackages,
  planInstallation,
  POLICY_PATH,
  purge,
  silenceServices,
  withUnneeded,
} from "./apply/packages.ts";
import { runProbes } from "./apply/probes.ts";
import { registerUnits, removeUnitsScript, startUnits, unitFault } from "./apply/units.ts";
import { removeDirectoriesScript } from "./apply/directories.ts";
import type { StateInputs } from "./inputs.ts";
import { emptyLedger, Neighbours, type Ledger } from "./ledger.ts";
import { announce, ledgerScript } from "./ledger-file.ts";
import { planChanges, type DesiredParts, type Plan } from "./plan.ts";
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
  const plan = await announcePlan(work, state, files);
  await stopRemoved(work, plan);
  await makeUsers(work, plan.users);
  await makeDirectories(work, plan.directories);
  await bringFiles(work, state.role, plan.files);
  await removeFiles(work, plan);
  await setSysctls(work, plan.sysctls);
  await registerUnits(work, plan);
  await startUnits(work, plan.units, state.units);
  await runProbes(work, state.probes);
  await purgeRemoved(work, plan, true);
  await removeRest(work, plan);
  const found = await survey(work, surveyRequest(state, inputs, files), "looks at the result");
  await assertRunning(work, state, found);
  return found;
}

/** Takes away what a role has put on the host, and brings back what was there before. */
export async function removeRole(work: HostWork, role: string): Promise<void> {
  const nothing: DesiredParts = {
    packages: {},
    users: {},
    directories: {},
    sysctls: {},
    units: {},
    teardown: [],
  };
  const looked = await survey(work, EMPTY_REQUEST, "reads the ledger");
  const ledger = looked.ledgers.get(role);
  if (ledger === undefined) return;
  await tearDown(work, ledger.teardown);
  const plan = planChanges({ desired: nothing, files: new Map(), survey: looked, ledger });
  await stopRemoved(work, plan);
  // From here on, two roles that share something must see each other's ledger as it is.
  await work.session.exclusive("packages", () =>
    work.session.exclusive("ledger", async () => {
      const again = await survey(work, EMPTY_REQUEST, "reads the ledger");
      const final = planChanges({ desired: nothing, files: new Map(), survey: again, ledger });
      await removeFiles(work, final);
      await purgeRemoved(work, final, false);
      await removeRest(work, final);
      await work.step(
        "closes the ledger",
        [sh`rm -f -- ${ledgerFile(role)}`, sh`rm -rf -- ${stagingOf(role)}`, SWEEP_BLOBS].join("\n"),
      );
    }),
  );
}

export const EMPTY_REQUEST: SurveyRequest = {
  paths: [],
  hashes: new Map(),
  reveal: new Set(),
  packages: [],
  users: [],
  sysctls: [],
  units: [],
};

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

/** Installs what is missing; recorded before apt starts, so that a kill in the middle leaves no stray package. */
async function bringPackages(work: HostWork, state: StateInputs): Promise<void> {
  if (Object.keys(state.packages).length === 0) return;
  await work.session.exclusive("packages", async () => {
    const request = { ...EMPTY_REQUEST, packages: Object.keys(state.packages), paths: [POLICY_PATH] };
    const found = await survey(work, request, "looks at packages");
    assertClaimed(work, found.claim, state.claim);
    const missing = missingPackages(state.packages, found.packages);
    if (missing.length === 0) {
      const interrupted = found.ledgers.get(state.role);
      if (interrupted?.files[POLICY_PATH] !== undefined) {
        await silenceServices(work, interrupted.installed, Object.keys(state.units));
      }
      return;
    }
    const installation = await planInstallation(work, missing);
    await amendLedger(work, state.role, (ledger, neighbours) => {
      const known = ledger.files[POLICY_PATH] ?? neighbours.entry(POLICY_PATH, (other) => other.files);
      return {
        ledger: {
          ...ledger,
          requested: [...new Set([...ledger.requested, ...Object.keys(state.packages)])],
          installed: [...new Set([...ledger.installed, ...installation.fresh])],
          // The plan that follows finds this file undesired and takes it away again.
          files: { ...ledger.files, [POLICY_PATH]: known ?? { created: !found.paths.has(POLICY_PATH) } },
        },
        backups: known === undefined && found.paths.has(POLICY_PATH) ? [POLICY_PATH] : [],
      };
    });
    try {
      await install(work, installation, Object.keys(state.units));
    } finally {
      await letServicesStart(work, state.role);
    }
  });
}

/** Takes the policy away as soon as apt is done: another role's package must not meet it. */
async function letServicesStart(work: HostWork, role: string): Promise<void> {
  await amendLedger(work, role, async (ledger) => {
    const entry = ledger.files[POLICY_PATH];
    if (entry !== undefined) {
      const removal = [{ path: POLICY_PATH, restore: !entry.created }];
      await work.step("lets services start again", removeFilesScript(removal).join("\n"));
    }
    const files = Object.fromEntries(Object.entries(ledger.files).filter(([path]) => path !== POLICY_PATH));
    return { ledger: { ...ledger, files }, backups: [] };
  });
}

interface Amendment {
  readonly ledger: Ledger;
  readonly backups: readonly string[];
}

async function amendLedger(
  work: HostWork,
  role: string,
  amend: (ledger: Ledger, neighbours: Neighbours) => Amendment | Promise<Amendment>,
): Promise<void> {
  await work.session.exclusive("ledger", async () => {
    const found = await survey(work, EMPTY_REQUEST, "reads the ledger");
    const ledger = found.ledgers.get(role) ?? emptyLedger(role, Date.now());
    const { ledger: next, backups } = await amend(ledger, new Neighbours(found.ledgers.values(), role));
    await announce(work, next, backups);
  });
}

/** Looks, plans and writes down what will be, while no other role does the same. */
async function announcePlan(
  work: HostWork,
  state: StateInputs,
  files: ReadonlyMap<string, WantedFile>,
): Promise<Plan> {
  return work.session.exclusive("ledger", async () => {
    const found = await survey(work, surveyRequest(state, {}, files), "looks at the host");
    assertClaimed(work, found.claim, state.claim);
    const known = found.ledgers.get(state.role);
    const ledger = shareInstalled(known ?? emptyLedger(state.role, Date.now()), state, found);
    const plan = planChanges({ desired: state, files, survey: found, ledger });
    if (JSON.stringify(known) !== JSON.stringify(plan.during))
      await announce(work, plan.during, plan.backups);
    return plan;
  });
}

function shareInstalled(ledger: Ledger, state: StateInputs, found: Survey): Ledger {
  const neighbours = new Neighbours(found.ledgers.values(), state.role);
  const shared = neighbours.installedWith(Object.keys(state.packages));
  return { ...ledger, installed: [...new Set([...ledger.installed, ...shared])] };
}

async function stopRemoved(work: HostWork, plan: Plan): Promise<void> {
  const script = removeUnitsScript(plan.removed);
  if (script.length === 0) return;
  const names = [...plan.removed.units, ...plan.removed.restoredUnits.map(({ name }) => name)];
  await work.step(`stops ${names.join(", ")}`, script.join("\n"));
}

async function removeFiles(work: HostWork, plan: Plan): Promise<void> {
  const { files, units } = plan.removed;
  if (files.length === 0) return;
  const script = removeFilesScript(files);
  if (units.length > 0 || files.some(({ path }) => path.startsWith(unitPath(""))))
    script.push("systemctl daemon-reload");
  await work.step(`removes ${counted(files.length, "file", "files")}`, script.join("\n"));
}

/** Packages go before users and directories: their own removal scripts may still want those. */
async function purgeRemoved(work: HostWork, plan: Plan, alone: boolean): Promise<void> {
  const { packages, droppedPackages } = plan.removed;
  if (packages.length === 0 && droppedPackages.length === 0) return;
  const purgeAll = async (): Promise<void> => {
    const unneeded = await withUnneeded(work, droppedPackages, plan.during.installed);
    await purge(work, [...packages, ...unneeded]);
  };
  await (alone ? work.session.exclusive("packages", purgeAll) : purgeAll());
}

/** What goes last: nothing that runs needs it any more. */
async function removeRest(work: HostWork, plan: Plan): Promise<void> {
  const { sysctls, users, directories } = plan.removed;
  const script = [
    ...sysctls.map(sysctlScript),
    ...removeUsersScript(users),
    ...removeDirectoriesScript(directories),
  ];
  if (script.length > 0) {
    const result = await work.step("removes users, directories and settings", script.join("\n"));
    const left = result.stdout.toString("utf8").trim();
    if (left !== "") work.log.warning(`${work.host}: ${left}`);
  }
  if (JSON.stringify(plan.after) !== JSON.stringify(plan.during)) {
    await work.step("writes down what is left", ledgerScript(plan.after));
  }
}

async function tearDown(work: HostWork, commands: readonly (readonly string[])[]): Promise<void> {
  for (const command of commands) {
    // A step of the teardown that fails must not keep the rest from going: the sweep after it is thorough.
    const result = await work.attempt(`runs ${command.join(" ").slice(0, 80)}`, sh`${command} 9>&-`);
    if (result.code !== 0) {
      work.log.warning(
        work.fault(`the teardown command "${command.join(" ").slice(0, 80)}"`, result).message,
      );
    }
  }
}

/** A service may start and die a moment later; the role is done only when its units are as they should be. */
async function assertRunning(work: HostWork, state: StateInputs, found: Survey): Promise<void> {
  const failed = Object.entries(state.units)
    .filter(([name, unit]) => !name.includes("@.") && !satisfies(unit, conditionOf(found.units.get(name))))
    .map(([name]) => name);
  if (failed.length > 0) throw await unitFault(work, failed, found.units);
}

/** A host whose claim is gone holds nothing of ours; one that is somebody else's is not to be touched. */
export async function holdsOurs(work: HostWork, claim: string): Promise<boolean> {
  const found = await survey(work, EMPTY_REQUEST, "reads the claim");
  const owner = claimOf(found.claim);
  if (owner === undefined) return found.ledgers.size > 0;
  if (owner.claim === claim) return true;
  throw new Fault({
    what: "the host is claimed by another stack, so nothing is removed from it",
    where: `${work.host}: ${CLAIM_FILE}`,
    got: owner.claim,
    allowed: claim,
    remedy: `if the host was given to the other stack, let go of it here: RKTNETES_ABANDON=${work.host}`,
  });
}
