import type { Stage1File, Stage1Image } from "../image.ts";

type EntryPoint = "run" | "enter" | "gc" | "stop";

/** The published entry points of a flavour's image: small scripts that call the installed program behind them. */
export function entryPoints(
  flavour: string,
  paths: Readonly<Record<EntryPoint, string>>,
  interfaceVersion: number,
): Pick<Stage1Image, "annotations" | "files"> {
  const named = Object.entries(paths);
  return {
    annotations: { ...paths, "interface-version": String(interfaceVersion) },
    files: named.map(([entryPoint, path]): Stage1File => ({
      path,
      mode: 0o755,
      from: { kind: "text", text: script(flavour, entryPoint) },
    })),
  };
}

/**
 * Run and enter end as another program. The shell turns into it: its number is what stage0 knows, and it still has the
 * lock that stage0 left open.
 */
function script(flavour: string, entryPoint: string): string {
  const program = `"\${RKT_LIBRARY:-/usr/lib/rkt}/stage1-entry" ${flavour} ${entryPoint} "$@"`;
  const body =
    entryPoint === "run" || entryPoint === "enter"
      ? `handover=$(${program}) || exit 254\neval "$handover"`
      : `exec ${program}`;
  return `#!/bin/sh\n# Called by a stage0 in the pod's folder. What it does is in the package that brought this image.\n${body}\n`;
}
