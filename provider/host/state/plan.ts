/**
 * What to do on a host, from what it should hold, what it holds and what the ledger says: a pure function.
 * Taking a role away is the same with nothing desired.
 */
import type { StateInputs } from "./inputs.ts";
import { Neighbours, released, type DirectoryEntry, type Ledger, type UserEntry } from "./ledger.ts";
import { planDirectories, planFiles } from "./plan-paths.ts";
import { planDropIns, planUnits, type UnitSteps } from "./plan-units.ts";
import type { Survey } from "./survey.ts";
import type { WantedFile } from "./wanted.ts";

export interface Plan {
  /** What the ledger says while the work goes on: all there was and all there will be. */
  readonly during: Ledger;
  /** What it says when the work is done. */
  readonly after: Ledger;
  /** Files that were there before us and are about to be replaced. */
  readonly backups: readonly string[];
  readonly users: readonly UserStep[];
  readonly directories: readonly DirectoryStep[];
  readonly files: readonly { readonly path: string; readonly wanted: WantedFile }[];
  readonly dropIns: readonly string[];
  readonly sysctls: readonly { readonly key: string; readonly value: string }[];
  readonly units: UnitSteps;
  readonly removed: Removal;
}

export interface UserStep {
  readonly name: string;
  readonly create: boolean;
  readonly createGroup: boolean;
  readonly home: string;
  readonly shell: string;
  readonly groups: readonly string[];
}

export interface DirectoryStep {
  readonly path: string;
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
}

export interface Removal {
  /** Units of ours: stopped, disabled, their files are among `files`. */
  readonly units: readonly string[];
  /** Units of the host's own, brought back to how they were. */
  readonly restoredUnits: readonly {
    readonly name: string;
    readonly enabled: boolean;
    readonly active: boolean;
  }[];
  readonly files: readonly { readonly path: string; readonly restore: boolean }[];
  readonly sysctls: readonly { readonly key: string; readonly value: string }[];
  readonly users: readonly { readonly name: string; readonly entry: UserEntry }[];
  readonly directories: readonly { readonly path: string; readonly entry: DirectoryEntry }[];
  /** All that we have installed, when the role asks for no package any more. */
  readonly packages: readonly string[];
  /** Those that the role no longer asks for while it still asks for others: to go with what only they need. */
  readonly droppedPackages: readonly string[];
}

export type DesiredParts = Pick<
  StateInputs,
  "packages" | "users" | "directories" | "sysctls" | "units" | "teardown"
>;

export interface PlanArguments {
  readonly desired: DesiredParts;
  readonly files: ReadonlyMap<string, WantedFile>;
  readonly survey: Survey;
  readonly ledger: Ledger;
}

export function planChanges(args: PlanArguments): Plan {
  const { desired, survey, ledger } = args;
  const neighbours = new Neighbours(survey.ledgers.values(), ledger.role);
  const directories = planDirectories(args, neighbours);
  const files = planFiles(args, neighbours);
  const users = planUsers(args, neighbours);
  const dropIns = planDropIns(args, neighbours);
  const changed = new Set([...files.steps.map((step) => step.path)]);
  const units = planUnits(args, neighbours, changed, dropIns);
  const sysctls = planSysctls(args, neighbours);

  const packages = planPackages(args, neighbours);
  const after: Ledger = {
    role: ledger.role,
    since: ledger.since,
    requested: packages.requested,
    installed: packages.installed,
    users: users.entries,
    directories: directories.entries,
    files: files.entries,
    sysctls: sysctls.entries,
    units: units.entries,
    restart: [],
    teardown: desired.teardown,
  };
  const during: Ledger = {
    ...after,
    requested: [...new Set([...ledger.requested, ...packages.requested])],
    installed: ledger.installed,
    users: { ...ledger.users, ...after.users },
    directories: { ...ledger.directories, ...after.directories },
    files: { ...ledger.files, ...after.files },
    sysctls: { ...ledger.sysctls, ...after.sysctls },
    units: { ...ledger.units, ...after.units },
    restart: [...units.steps.restart],
    teardown: desired.teardown.length > 0 ? desired.teardown : ledger.teardown,
  };
  return {
    during,
    after,
    backups: files.backups,
    users: users.steps,
    directories: directories.steps,
    files: files.steps,
    dropIns,
    sysctls: sysctls.steps,
    units: units.steps,
    removed: {
      units: units.removed,
      restoredUnits: units.restored,
      files: files.removed,
      sysctls: sysctls.removed,
      users: users.removed,
      directories: directories.removed,
      packages: packages.removed,
      droppedPackages: packages.dropped,
    },
  };
}

function planPackages(args: PlanArguments, neighbours: Neighbours) {
  const { desired, ledger } = args;
  const requested = Object.keys(desired.packages);
  const free = ledger.installed.filter((name) => !neighbours.holdsPackage(name));
  if (requested.length === 0) return { requested, installed: [], removed: free, dropped: [] };
  const dropped = free.filter((name) => ledger.requested.includes(name) && !requested.includes(name));
  return { requested, installed: ledger.installed, removed: [], dropped };
}

function planUsers(args: PlanArguments, neighbours: Neighbours) {
  const { desired, survey, ledger } = args;
  const entries: Record<string, UserEntry> = {};
  const steps: UserStep[] = [];
  for (const [name, user] of Object.entries(desired.users)) {
    const found = survey.users.get(name);
    entries[name] = ledger.users[name] ??
      neighbours.entry(name, (other) => other.users) ?? {
        created: found === undefined,
        groupCreated: !survey.groups.has(name),
        ...(found === undefined
          ? {}
          : { before: { home: found.home, shell: found.shell, groups: [...found.groups] } }),
      };
    const settled =
      found?.home === user.home &&
      found.shell === user.shell &&
      user.groups.every((group) => found.groups.includes(group));
    if (!settled) {
      steps.push({ name, create: found === undefined, createGroup: !survey.groups.has(name), ...user });
    }
  }
  const removed = released(ledger.users, entries, (name) => neighbours.hold("users", name));
  return { entries, steps, removed };
}

function planSysctls(args: PlanArguments, neighbours: Neighbours) {
  const { desired, survey, ledger } = args;
  const entries: Record<string, string> = {};
  const steps: { key: string; value: string }[] = [];
  for (const [key, value] of Object.entries(desired.sysctls)) {
    const found = survey.sysctls.get(key);
    const before = ledger.sysctls[key] ?? neighbours.entry(key, (other) => other.sysctls) ?? found;
    if (before !== undefined) entries[key] = before;
    if (found !== value.trim().replaceAll(/\s+/g, " ")) steps.push({ key, value });
  }
  const removed = released(ledger.sysctls, entries, (key) => neighbours.hold("sysctls", key)).map(
    ({ name, entry }) => ({ key: name, value: entry }),
  );
  return { entries, steps, removed };
}
