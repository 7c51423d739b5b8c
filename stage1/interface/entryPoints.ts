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

function script(flavour: string, entryPoint: string): string {
  return `#!/bin/sh
# Called by a stage0 in the pod's folder. What this flavour does is a program of the package that brought it.
exec "\${RKT_LIBRARY:-/usr/lib/rkt}/stage1-entry" ${flavour} ${entryPoint} "$@"
`;
}
