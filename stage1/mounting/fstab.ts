/** A pod's mounts as lines for `mount --all --fstab`, which makes them all in one process. */
import { Fault } from "../../errors/fault.ts";
import type { AppToRun } from "../contract.ts";

export interface FstabLine {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

export function fstabOf(lines: readonly FstabLine[]): string {
  return lines
    .map(({ source, target, type, options }) =>
      [...[source, target, type, options.join(",")].map(escapeField), "0", "0"].join(" "),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** Blanks, line ends and backslashes as octal numbers, as fstab(5) has it; a `#` would begin a comment. */
export function escapeField(field: string): string {
  return field.replaceAll(
    /[\s\\#]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

/** The root itself. A copy is already in place, but only a mount can be read-only or hold mounts that end with the pod. */
export function rootLine(root: AppToRun["root"], readOnly: boolean): FstabLine {
  const access = readOnly ? ["ro"] : [];
  if (root.kind === "copy") {
    return { source: root.target, target: root.target, type: "none", options: ["bind", ...access] };
  }
  for (const path of [root.lower, root.upper, root.work]) {
    if (/[,:\\"\s]/.test(path)) {
      throw new Fault({
        what: "overlayfs cannot take this path",
        got: path,
        allowed: "no comma, colon, quote, backslash or blank",
        remedy: "configure another data directory, or use --no-overlay",
      });
    }
  }
  return {
    source: "overlay",
    target: root.target,
    type: "overlay",
    options: [`lowerdir=${root.lower}`, `upperdir=${root.upper}`, `workdir=${root.work}`, ...access],
  };
}
