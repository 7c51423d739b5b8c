/** Puts real values in the place of a role's references. */
import * as pulumi from "@pulumi/pulumi";
import type { ArtefactValue } from "../artefacts/Artefact.ts";
import { isReference, type RoleState, type Text } from "./role-state.ts";

export interface RoleValues {
  /** Texts by reference name. Keys and passwords are secret outputs. */
  readonly texts: Readonly<Record<string, pulumi.Input<string>>>;
  readonly artefacts: Readonly<Record<string, ArtefactValue>>;
  /** Packages that no archive has, by name. */
  readonly packages?: Readonly<Record<string, PackageValue>>;
}

export interface PackageValue {
  readonly version: pulumi.Input<string>;
  readonly path: pulumi.Input<string>;
  readonly sha256: pulumi.Input<string>;
  readonly size: pulumi.Input<number>;
}

/**
 * The host layer's inputs for a role. Paths and names are copied as they are, so that a preview knows them all;
 * only contents become outputs.
 */
export function stateInputs(state: RoleState, values: RoleValues): pulumi.Inputs {
  const packages: Record<string, pulumi.Input<string>> = { ...state.packages };
  const packageFiles: Record<string, pulumi.Inputs> = {};
  for (const name of state.packageFiles ?? []) {
    const value = values.packages?.[name];
    if (value === undefined) throw new Error(`no package is given for "${name}"`);
    packages[name] = value.version;
    packageFiles[name] = { path: value.path, sha256: value.sha256, size: value.size };
  }
  const files: Record<string, pulumi.Inputs> = {};
  for (const [path, { artefact, content, ...rest }] of Object.entries(state.files ?? {})) {
    if (artefact === undefined) {
      files[path] = content === undefined ? rest : { ...rest, content: textValue(content, values) };
      continue;
    }
    const value = artefactNamed(artefact, values);
    if (value.kind === "package") {
      packages[value.package] = value.version;
      files[path] = { target: value.path };
    } else {
      files[path] = { ...rest, source: { path: value.path, sha256: value.sha256, size: value.size } };
    }
  }
  const units = Object.entries(state.units ?? {}).map(([name, unit]): [string, pulumi.Inputs] => [
    name,
    {
      ...unit,
      ...(unit.sections === undefined ? {} : { sections: mapDirectives(unit.sections, values) }),
    },
  ]);
  return {
    ...state,
    packages,
    ...(Object.keys(packageFiles).length === 0 ? {} : { packageFiles }),
    files,
    units: Object.fromEntries(units),
  };
}

function mapDirectives(
  sections: NonNullable<NonNullable<RoleState["units"]>[string]["sections"]>,
  values: RoleValues,
): pulumi.Inputs {
  return Object.fromEntries(
    Object.entries(sections).map(([section, directives]) => [
      section,
      Object.fromEntries(
        Object.entries(directives).map(([key, directive]) => [
          key,
          isReference(directive) ? textValue(directive, values) : directive,
        ]),
      ),
    ]),
  );
}

function textValue(text: Text, values: RoleValues): pulumi.Input<string> {
  if (typeof text === "string") return text;
  if (isReference(text)) return valueNamed(text.ref, values);
  const parts = text.map((part) => (typeof part === "string" ? part : valueNamed(part.ref, values)));
  return pulumi.all(parts).apply((known) => known.join(""));
}

function valueNamed(name: string, values: RoleValues): pulumi.Input<string> {
  if (name.startsWith("sha256:")) {
    const artefact = artefactNamed(name.slice("sha256:".length), values);
    return artefact.kind === "upload" ? artefact.sha256 : `${artefact.package} ${artefact.version}`.trim();
  }
  const value = values.texts[name];
  if (value === undefined) throw new Error(`no value is given for "${name}"`);
  return value;
}

function artefactNamed(name: string, values: RoleValues): ArtefactValue {
  const value = values.artefacts[name];
  if (value === undefined) throw new Error(`no artefact is given for "${name}"`);
  return value;
}
