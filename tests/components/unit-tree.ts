/** A root tree in which systemd finds a host's units, and something behind every path that they name. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RoleState, RoleUnit } from "../../components/host/role-state.ts";
import { plainSections, renderedUnitFile } from "./rendered-state.ts";

/** Names of the units that were written. Folders of systemd's own units are not part of it. */
export function writeUnitTree(root: string, states: readonly RoleState[]): readonly string[] {
  const units = states.flatMap((state) => Object.entries(state.units ?? {}));
  for (const [name, unit] of units) {
    if (unit.sections === undefined) continue;
    writeAt(join(root, "etc/systemd/system", name), renderedUnitFile(unit.sections));
    for (const program of programsOf(unit)) {
      writeAt(join(root, program), "#!/bin/true\n");
      chmodSync(join(root, program), 0o755);
    }
  }
  return units.map(([name]) => name);
}

/** The commands a unit would start. */
export function commandsOf(unit: RoleUnit): readonly string[] {
  return Object.entries(plainSections(unit.sections ?? {})["Service"] ?? {}).flatMap(([key, value]) =>
    key.startsWith("Exec") ? [value].flat().map((command) => String(command)) : [],
  );
}

function programsOf(unit: RoleUnit): readonly string[] {
  return commandsOf(unit).map((command) => command.replace(/^[-+!@:]+/, "").split(/\s/)[0] ?? "");
}

function writeAt(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
