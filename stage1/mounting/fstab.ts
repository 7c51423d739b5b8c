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

/**
 * The root itself. A copy is already in place, but only a mount can be read-only or hold mounts that end with the pod.
 * Nobody waits for the disk: without `volatile` the kernel writes out the whole file system below when the mount goes,
 * and a pod would end no sooner than that. What has to outlive the host's own sudden end belongs into a volume.
 */
export function rootLine(root: AppToRun["root"], readOnly: boolean): FstabLine {
  const access = readOnly ? ["ro"] : [];
  if (root.kind === "copy") {
    return { source: root.target, target: root.target, type: "none", options: ["bind", ...access] };
  }
  const { lower, upper, work } = mountable(root);
  return overlayLine(root.target, [
    `lowerdir=${lower}`,
    `upperdir=${upper}`,
    `workdir=${work}`,
    "volatile",
    ...access,
  ]);
}

/** What an app has made of its root, at another place and to be read only: the app may have gone, or go on. */
export function seenRootLine(root: AppToRun["root"], target: string): FstabLine {
  if (root.kind === "copy") {
    return { source: root.target, target, type: "none", options: ["bind", "ro"] };
  }
  const { lower, upper } = mountable(root);
  return overlayLine(target, [`lowerdir=${upper}:${lower}`, "ro"]);
}

function overlayLine(target: string, options: readonly string[]): FstabLine {
  return { source: "overlay", target, type: "overlay", options };
}

type Overlay = Extract<AppToRun["root"], { readonly kind: "overlay" }>;

function mountable(root: Overlay): Overlay {
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
  return root;
}
