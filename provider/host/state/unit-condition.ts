/** What systemd says about a unit, in the words of a desired state. */
import type { DesiredUnit } from "../desired.ts";
import type { FoundUnit } from "./survey.ts";

/**
 * `started` runs, `ran` is a oneshot that succeeded, `skipped` had a condition that did not hold, `absent`
 * is not known to systemd.
 */
export type UnitCondition =
  "absent" | "masked" | "started" | "ran" | "skipped" | "starting" | "stopping" | "stopped" | "failed";

export function conditionOf(found: FoundUnit | undefined): UnitCondition {
  if (found === undefined || found["LoadState"] === "not-found") return "absent";
  if (found["LoadState"] === "masked") return "masked";
  switch (found["ActiveState"] ?? "") {
    case "active":
    case "reloading":
    case "refreshing":
      return found["Type"] === "oneshot" ? "ran" : "started";
    case "activating":
      return "starting";
    case "deactivating":
      return "stopping";
    case "failed":
      return "failed";
    default:
      if (found["Type"] === "oneshot" && wasSet(found["ExecMainExitTimestampMonotonic"])) return "ran";
      if (found["ConditionResult"] === "no" && wasSet(found["ConditionTimestampMonotonic"])) return "skipped";
      return "stopped";
  }
}

function wasSet(timestamp: string | undefined): boolean {
  return timestamp !== undefined && timestamp !== "" && timestamp !== "0";
}

/** Whether a unit in this condition is as it should be. */
export function satisfies(unit: DesiredUnit, condition: UnitCondition): boolean {
  switch (unit.state) {
    case "started":
      return condition === "started" || (condition === "ran" && remains(unit));
    case "ran":
      // systemd forgets a oneshot that is over and that nothing refers to; only a failure is certain.
      if (remains(unit)) return condition === "ran" || condition === "started" || condition === "skipped";
      return !["failed", "absent", "masked"].includes(condition);
    case "stopped":
      return (
        condition === "stopped" || condition === "failed" || condition === "skipped" || condition === "ran"
      );
    case "present":
      return condition !== "masked";
  }
}

function remains(unit: DesiredUnit): boolean {
  const setting = unit.sections?.["Service"]?.["RemainAfterExit"];
  return setting === true || /^(yes|true|on|1)$/i.test(String(setting ?? ""));
}

/** Whether it starts at boot; undefined for units that cannot be enabled (static, generated, templates). */
export function enabledOf(found: FoundUnit | undefined): boolean | undefined {
  switch (found?.["UnitFileState"] ?? "") {
    case "enabled":
      return true;
    case "disabled":
    case "enabled-runtime":
    case "linked":
    case "linked-runtime":
    case "masked":
    case "masked-runtime":
      return false;
    default:
      return undefined;
  }
}

export function canBeEnabled(unit: DesiredUnit): boolean {
  return unit.sections === undefined || unit.sections["Install"] !== undefined;
}

/** Drop-ins that somebody has put beside a unit of ours. */
export function foreignDropIns(name: string, found: readonly string[], ours: ReadonlySet<string>): string[] {
  return found.filter((path) => path.includes(`/${name}.d/`) && !ours.has(path));
}
