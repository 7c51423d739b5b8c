/** Whether what was found of one declared thing is what was desired; and if not, in what. */
import { isList, isMap, reveal, Secret, type Value } from "../../protocol/value.ts";
import type { DesiredUnit } from "../desired.ts";
import { unitText } from "../unit-text.ts";
import { canBeEnabled, satisfies, type UnitCondition } from "./unit-condition.ts";
import { sha256Of, wantedFile, type WantedFile } from "./wanted.ts";
import type { StateInputs } from "./inputs.ts";

export interface Deviation {
  /** What is wrong, in a few words, without any content. */
  readonly what: string;
  /** The text that was found instead, when it is small and no secret. */
  readonly found?: string;
}

const GONE: Deviation = { what: "gone from the host" };

export function packageDeviation(version: string, found: Value | undefined): Deviation | undefined {
  if (typeof found !== "string") return { what: "not installed on the host" };
  return version === "" || version === found ? undefined : { what: `version ${found} on the host` };
}

export function userDeviation(
  user: StateInputs["users"][string],
  found: Value | undefined,
): Deviation | undefined {
  if (found === undefined || !isMap(found)) return GONE;
  const groups = isList(found["groups"] ?? null) ? reveal(found["groups"] ?? null) : [];
  const missing = user.groups.filter((group) => !Array.isArray(groups) || !groups.includes(group));
  if (found["home"] !== user.home) return { what: `home ${text(found["home"])} on the host` };
  if (found["shell"] !== user.shell) return { what: `shell ${text(found["shell"])} on the host` };
  return missing.length === 0 ? undefined : { what: `not in ${missing.join(", ")} on the host` };
}

export function directoryDeviation(
  directory: StateInputs["directories"][string],
  found: Value | undefined,
): Deviation | undefined {
  if (found === undefined || !isMap(found)) return GONE;
  // A link in a directory's place was there before us, and is its owner's business.
  if (found["type"] === "link") return undefined;
  if (found["type"] !== undefined) return { what: `a ${text(found["type"])} on the host` };
  return accessDeviation(directory, found);
}

export function fileDeviation(
  file: StateInputs["files"][string],
  found: Value | undefined,
): Deviation | undefined {
  return contentDeviation(wantedFile(file, false), found);
}

export function sysctlDeviation(value: string, found: Value | undefined): Deviation | undefined {
  const wanted = value.trim().replaceAll(/\s+/g, " ");
  return found === wanted
    ? undefined
    : { what: `${typeof found === "string" ? found : "unset"} on the host` };
}

export function unitDeviation(
  name: string,
  unit: DesiredUnit,
  found: Value | undefined,
): Deviation | undefined {
  if (found === undefined || !isMap(found)) return GONE;
  if (unit.sections !== undefined) {
    const bytes = unitText(unit.sections);
    const wanted: WantedFile = {
      kind: "content",
      sha256: sha256Of(bytes),
      size: bytes.length,
      from: { bytes: Buffer.from(bytes) },
      mode: "0644",
      owner: "root",
      group: "root",
      secret: false,
    };
    const edited = contentDeviation(wanted, found["file"]);
    if (edited !== undefined) return edited;
  }
  const dropIns = found["dropIns"];
  if (dropIns !== undefined && isList(dropIns) && dropIns.length > 0) {
    return { what: `changed by ${dropIns.map(text).join(", ")}` };
  }
  if (typeof found["enabled"] === "boolean" && canBeEnabled(unit) && found["enabled"] !== unit.enabled) {
    return { what: found["enabled"] ? "enabled on the host" : "disabled on the host" };
  }
  // A template has no state of its own.
  if (name.includes("@.")) return undefined;
  const condition = conditionNamed(found["condition"]);
  return satisfies(unit, condition) ? undefined : { what: `${condition} on the host` };
}

const CONDITIONS: readonly UnitCondition[] = [
  "absent",
  "masked",
  "started",
  "ran",
  "skipped",
  "starting",
  "stopping",
  "stopped",
  "failed",
];

function conditionNamed(value: Value | undefined): UnitCondition {
  return CONDITIONS.find((condition) => condition === value) ?? "absent";
}

function contentDeviation(wanted: WantedFile, found: Value | undefined): Deviation | undefined {
  if (found === undefined || !isMap(found)) return GONE;
  if (wanted.kind === "link") {
    if (found["target"] === wanted.target) return undefined;
    return {
      what:
        found["target"] === undefined
          ? "a file on the host"
          : `points to ${text(found["target"])} on the host`,
    };
  }
  if (found["target"] !== undefined) return { what: "a link on the host" };
  if (found["type"] !== undefined) return { what: `a ${text(found["type"])} on the host` };
  const hash = found["sha256"];
  if ((hash instanceof Secret ? hash.value : hash) !== wanted.sha256) {
    const content = found["content"];
    return { what: "edited on the host", ...(typeof content === "string" ? { found: content } : {}) };
  }
  return accessDeviation(wanted, found);
}

function accessDeviation(
  wanted: { readonly mode: string; readonly owner: string; readonly group: string },
  found: { readonly [key: string]: Value },
): Deviation | undefined {
  if (found["mode"] !== wanted.mode) return { what: `mode ${text(found["mode"])} on the host` };
  if (found["owner"] !== wanted.owner || found["group"] !== wanted.group) {
    return { what: `owned by ${text(found["owner"])}:${text(found["group"])} on the host` };
  }
  return undefined;
}

function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "something else";
}
