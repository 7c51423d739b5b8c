/**
 * A role's wanted state as planning writes it: like the host layer's, but where a certificate, a key or a
 * program belongs it holds a reference by name. So planning stays pure, paths are always known at preview, and
 * secrets enter only where `HostRole` puts real values in the references' places.
 */
import type { DesiredStateInput } from "../../provider/host/desired.ts";

/** Stands for a value of the given name, such as `apiserver.key` or `program:containerd`. */
export interface Reference {
  readonly ref: string;
}

/** Text, a reference, or a sequence of both. */
export type Text = string | Reference | readonly (string | Reference)[];

export interface RoleFile {
  readonly content?: Text;
  /** Name of an artefact whose bytes the file holds. */
  readonly artefact?: string;
  readonly target?: string;
  readonly mode?: string;
  readonly owner?: string;
  readonly group?: string;
}

type Directive = Text | number | boolean | readonly string[];

export interface RoleUnit {
  readonly sections?: Readonly<Record<string, Readonly<Record<string, Directive>>>>;
  readonly enabled?: boolean;
  readonly state?: "started" | "ran" | "present" | "stopped";
  readonly restartOn?: readonly string[];
}

export interface RoleState extends Omit<DesiredStateInput, "files" | "units" | "packageFiles"> {
  /** Packages whose bytes and versions are given as values, by name. */
  readonly packageFiles?: readonly string[];
  readonly files?: Readonly<Record<string, RoleFile>>;
  readonly units?: Readonly<Record<string, RoleUnit>>;
}

export function ref(name: string): Reference {
  return { ref: name };
}

/** Names of all references in a role's state, so that a test can tell that each is provided. */
export function referencesIn(state: RoleState): readonly string[] {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (value === null || typeof value !== "object") return;
    if (isReference(value)) names.add(value.ref);
    else for (const part of Object.values(value)) visit(part);
  };
  visit(state.files);
  visit(state.units);
  for (const file of Object.values(state.files ?? {})) {
    if (file.artefact !== undefined) names.add(`artefact:${file.artefact}`);
  }
  return [...names].sort();
}

export function isReference(value: unknown): value is Reference {
  return value !== null && typeof value === "object" && "ref" in value && typeof value.ref === "string";
}
