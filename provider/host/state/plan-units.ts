/** What to do about a role's units, from their files, what systemd says of them, and the ledger. */
import type { DesiredUnit } from "../desired.ts";
import { unitPath } from "../layout.ts";
import { released, type Neighbours, type UnitEntry } from "./ledger.ts";
import type { PlanArguments } from "./plan.ts";
import type { FoundUnit } from "./survey.ts";
import { canBeEnabled, conditionOf, enabledOf, foreignDropIns, satisfies } from "./unit-condition.ts";

export interface UnitSteps {
  readonly reload: boolean;
  readonly enable: readonly string[];
  readonly disable: readonly string[];
  /** Started or started anew, in one call. */
  readonly restart: readonly string[];
  readonly start: readonly string[];
  readonly stop: readonly string[];
}

/** Drop-ins that nobody declared, beside units of ours. */
export function planDropIns(args: PlanArguments, neighbours: Neighbours): string[] {
  const declared = new Set([...args.files.keys(), ...neighbours.files]);
  return Object.entries(args.desired.units)
    .filter(([, unit]) => unit.sections !== undefined)
    .flatMap(([name]) => foreignDropIns(name, args.survey.dropIns, declared));
}

export function planUnits(
  args: PlanArguments,
  neighbours: Neighbours,
  changedFiles: ReadonlySet<string>,
  dropIns: readonly string[],
) {
  const { desired, survey, ledger } = args;
  const entries: Record<string, UnitEntry> = {};
  const steps = {
    enable: [] as string[],
    disable: [] as string[],
    restart: [] as string[],
    start: [] as string[],
    stop: [] as string[],
  };
  let reload = false;
  for (const [name, unit] of Object.entries(desired.units)) {
    const found = survey.units.get(name);
    const own = unit.sections !== undefined;
    entries[name] =
      ledger.units[name] ?? neighbours.entry(name, (other) => other.units) ?? unitEntry(own, found);
    const rewritten = changedFiles.has(unitPath(name));
    const refined =
      dropIns.some((path) => path.includes(`/${name}.d/`)) ||
      [...changedFiles].some((path) => path.startsWith(`${unitPath(name)}.d/`));
    // A unit that systemd has not met yet is read when it is started: no need to load all units anew for it.
    const loaded = found !== undefined && found["LoadState"] !== "not-found";
    if ((loaded && (rewritten || refined)) || found?.["NeedDaemonReload"] === "yes") reload = true;
    const isEnabled = enabledOf(found);
    if (unit.enabled && canBeEnabled(unit) && isEnabled !== true) {
      if (own || isEnabled === false) steps.enable.push(name);
    }
    if (!unit.enabled && isEnabled === true) steps.disable.push(name);
    const stale =
      rewritten ||
      refined ||
      unit.restartOn.some((path) => changedFiles.has(path)) ||
      ledger.restart.includes(name);
    placeUnit(name, unit, stale || !Object.hasOwn(ledger.units, name), stale, found, steps);
  }
  const gone = released(ledger.units, entries, (name) => neighbours.hold("units", name));
  const restored = gone.flatMap(({ name, entry }) =>
    entry.own || entry.before === undefined ? [] : [{ name, ...entry.before }],
  );
  const removed = gone.filter(({ entry }) => entry.own).map(({ name }) => name);
  return { entries, steps: { ...steps, reload }, removed, restored };
}

function unitEntry(own: boolean, found: FoundUnit | undefined): UnitEntry {
  if (own) return { own };
  return {
    own,
    before: {
      enabled: enabledOf(found) === true,
      active: ["active", "reloading"].includes(found?.["ActiveState"] ?? ""),
    },
  };
}

function placeUnit(
  name: string,
  unit: DesiredUnit,
  due: boolean,
  stale: boolean,
  found: FoundUnit | undefined,
  steps: { readonly restart: string[]; readonly start: string[]; readonly stop: string[] },
): void {
  const condition = conditionOf(found);
  const fine = satisfies(unit, condition);
  switch (unit.state) {
    case "started":
      if (stale) steps.restart.push(name);
      else if (!fine) steps.start.push(name);
      return;
    case "ran":
      // One that has never run for this role is due even when systemd has no complaint about it.
      if (stale || due) steps.restart.push(name);
      else if (!fine) steps.start.push(name);
      return;
    case "stopped":
      if (!fine) steps.stop.push(name);
      return;
    case "present":
      return;
  }
}
