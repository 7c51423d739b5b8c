/** Units: enabled, started and stopped, and what their journals say when they fail. */
import { Fault } from "../../../../errors/fault.ts";
import type { DesiredUnit } from "../../desired.ts";
import { sh } from "../../remote/quote.ts";
import { tail, type HostWork } from "../../remote/work.ts";
import { ledgerScript } from "../ledger-file.ts";
import type { Plan, Removal } from "../plan.ts";
import { parseUnits, UNIT_PROPERTIES, type FoundUnit } from "../survey.ts";
import { conditionOf, satisfies, type UnitCondition } from "../unit-condition.ts";

const JOURNAL_LINES = 15;

/** Files are in place: lets systemd read them, and sets what starts at boot. */
export async function registerUnits(work: HostWork, plan: Plan): Promise<void> {
  const { enable, disable, reload } = plan.units;
  const script: string[] = [];
  if (plan.dropIns.length > 0) script.push(sh`rm -f -- ${plan.dropIns}`);
  if (plan.dropIns.length > 0)
    script.push(sh`rmdir --ignore-fail-on-non-empty -- ${parentsOf(plan.dropIns)}`);
  if (enable.length > 0) script.push(sh`systemctl enable --quiet --no-reload -- ${enable}`);
  if (disable.length > 0) script.push(sh`systemctl disable --quiet --no-reload -- ${disable}`);
  if (script.length > 0) await work.step("registers units", script.join("\n"));
  if (reload || plan.dropIns.length > 0) await reloadUnits(work);
}

/** Has systemd read its units anew: once for all roles of the host that ask at the same time. */
export async function reloadUnits(work: HostWork): Promise<void> {
  await work.session.reloads.run(async () => {
    await work.step("has systemd read its units", "systemctl daemon-reload");
  });
}

/**
 * Starts what does not run and what has changed, and has the ledger forget at once what was started anew: whatever
 * fails later, the next run starts none of it again.
 */
export async function startUnits(
  work: HostWork,
  { units: steps, during }: Pick<Plan, "units" | "during">,
  units: Readonly<Record<string, DesiredUnit>>,
  before: ReadonlyMap<string, FoundUnit>,
): Promise<void> {
  if (steps.stop.length > 0) {
    await work.step(`stops ${steps.stop.join(", ")}`, sh`systemctl stop -- ${steps.stop}`);
  }
  const { restart, start } = steps;
  const all = [...restart, ...start];
  if (all.length === 0) return;
  // `restart` starts what does not run: one call, in which systemd orders all the jobs by their dependencies.
  const script = [
    sh`systemctl reset-failed -- ${all} 2>/dev/null || :
systemctl restart -- ${all} || code=$?
# A unit that ended while what it needs was being restarted waits for its own restart: that one counts.
waiting=()
for unit in ${all}; do
  if [ "$(systemctl show -p ActiveState --value -- "$unit")" = activating ]; then waiting+=("$unit"); fi
done
if [ "\${#waiting[@]}" -gt 0 ]; then code=0; systemctl start -- "\${waiting[@]}" || code=$?; fi
systemctl show --no-pager -p ${UNIT_PROPERTIES} -- ${all}`,
    // In the same step as long as all went well.
    ...(restart.length === 0
      ? []
      : [`if [ "\${code:-0}" = 0 ]; then\n${ledgerScript({ ...during, restart: [] })}\nfi`]),
    'exit "${code:-0}"',
  ];
  const result = await work.attempt(`starts ${all.join(", ")}`, script.join("\n"));
  const found = parseUnits(result.stdout.toString("utf8"));
  const failed = all.filter((name) => {
    const unit = units[name];
    return unit !== undefined && !satisfies(unit, conditionOf(found.get(name)));
  });
  if (failed.length === 0 && result.code === 0) return;
  const due = result.code === 0 ? [...restart] : stillDue(restart, before, found);
  if (due.length < restart.length) {
    await work.step("writes down what it has started", ledgerScript({ ...during, restart: due }));
  }
  if (failed.length === 0) throw work.fault(`starting ${all.join(", ")}`, result);
  throw await unitFault(work, failed, found);
}

/**
 * What still runs as it did before. One that was started and failed is not due any more: it does not run, and the
 * next run starts it for that.
 */
export function stillDue(
  restart: readonly string[],
  before: ReadonlyMap<string, FoundUnit>,
  after: ReadonlyMap<string, FoundUnit>,
): string[] {
  const invocation = (units: ReadonlyMap<string, FoundUnit>, name: string): string =>
    units.get(name)?.["InvocationID"] ?? "";
  return restart.filter((name) => invocation(before, name) === invocation(after, name));
}

/** Every unit that did not come up, each with its result and the end of its journal. */
export async function unitFault(
  work: HostWork,
  names: readonly string[],
  found: ReadonlyMap<string, FoundUnit>,
): Promise<Fault> {
  const described: string[] = [];
  for (const name of names) {
    const unit = found.get(name);
    const condition: UnitCondition = conditionOf(unit);
    const journal = await journalOf(work, name);
    described.push(`${name} is ${condition} (result: ${unit?.["Result"] ?? "unknown"})\n${journal}`);
  }
  return new Fault({
    what: names.length === 1 ? "a unit did not start" : `${names.length} units did not start`,
    where: `${work.host}: ${names.join(", ")}`,
    cause: described.join("\n"),
    remedy: `look at it on the host (systemctl status ${names[0] ?? ""}; journalctl -u ${names[0] ?? ""}), correct it, and run again`,
  });
}

/** The last lines of a unit's journal, without secrets. */
export async function journalOf(work: HostWork, unit: string): Promise<string> {
  const result = await work.attempt(
    `reads the journal of ${unit}`,
    sh`journalctl --no-pager --quiet --output=cat --lines=${JOURNAL_LINES} --unit=${unit} || :`,
  );
  const text = tail(work.redactor.clean(result.stdout.toString("utf8")), JOURNAL_LINES).trim();
  return text === "" ? "    (its journal is empty)" : text.replaceAll(/^/gm, "    | ");
}

/** Stops and disables what is about to be taken away. A unit that is not there any more is no failure. */
export function removeUnitsScript(removed: Pick<Removal, "units" | "restoredUnits">): string[] {
  const script: string[] = [];
  if (removed.units.length > 0) {
    script.push(
      sh`loaded=(); for unit in ${removed.units}; do
  if [ "$(systemctl show -p LoadState --value -- "$unit" 2>/dev/null)" != not-found ]; then loaded+=("$unit"); fi
done
if [ "\${#loaded[@]}" -gt 0 ]; then systemctl stop -- "\${loaded[@]}"; fi
systemctl disable --quiet --no-reload -- ${removed.units} 2>/dev/null || :
systemctl reset-failed -- ${removed.units} 2>/dev/null || :`,
    );
  }
  for (const { name, enabled, active } of removed.restoredUnits) {
    const verb = enabled ? "enable" : "disable";
    script.push(
      sh`if [ "$(systemctl show -p LoadState --value -- ${name})" != not-found ]; then
  systemctl ${verb} --quiet --no-reload -- ${name} 2>/dev/null || :
  systemctl ${active ? "start" : "stop"} -- ${name}
fi`,
    );
  }
  return script;
}

function parentsOf(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => path.slice(0, path.lastIndexOf("/"))))];
}
