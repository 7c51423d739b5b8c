/** A role's state as a text that people review: what lies on the host, in the order of its paths and names. */
import { unitText, type UnitSections } from "../../provider/host/unit-text.ts";
import {
  isReference,
  type RoleFile,
  type RoleState,
  type RoleUnit,
  type Text,
} from "../../components/host/role-state.ts";

type Sections = NonNullable<RoleUnit["sections"]>;

/** Stands in a golden file where the host gets a certificate, a key or a checksum. */
export function textOf(text: Text): string {
  if (typeof text === "string") return text;
  if (isReference(text)) return `<<${text.ref}>>`;
  return text.map((part) => textOf(part)).join("");
}

export function renderedState(state: RoleState): string {
  return [
    ...listed("packages", Object.entries(state.packages ?? {}), ([name, version]) => `${name} ${version}`),
    ...listed("packages that were verified", state.packageFiles ?? [], (name) => name),
    ...listed(
      "users",
      Object.entries(state.users ?? {}),
      ([name, user]) => `${name} ${JSON.stringify(user)}`,
    ),
    ...listed(
      "directories",
      Object.entries(state.directories ?? {}),
      ([path, { removeContents, ...directory }]) =>
        [owned(path, directory, "0755"), ...(removeContents === true ? ["goes with its contents"] : [])].join(
          " ",
        ),
    ),
    ...listed(
      "kernel settings",
      Object.entries(state.sysctls ?? {}),
      ([name, value]) => `${name} = ${value}`,
    ),
    ...Object.entries(state.files ?? {}).map(([path, file]) => renderedFile(path, file)),
    ...Object.entries(state.units ?? {}).map(([name, unit]) => renderedUnit(name, unit)),
    ...listed(
      "probes",
      Object.entries(state.probes ?? {}),
      ([name, probe]) => `${name}: ${JSON.stringify(probe)}`,
    ),
    ...listed("teardown", state.teardown ?? [], (command) => command.join(" ")),
  ].join("\n");
}

/** The unit's file, as the host layer would write it. */
export function renderedUnitFile(sections: Sections): string {
  return unitText(plainSections(sections));
}

/** With a mark in the place of each reference. */
export function plainSections(sections: Sections): UnitSections {
  return mapped(sections, (directives) =>
    mapped(directives, (value) =>
      typeof value === "number" || typeof value === "boolean" ? value : directiveText(value),
    ),
  );
}

function mapped<A, B>(values: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

function directiveText(value: Text): string | string[] {
  if (typeof value === "string" || isReference(value)) return textOf(value);
  return value.map((part) => textOf(part));
}

function listed<T>(title: string, items: readonly T[], line: (item: T) => string): string[] {
  if (items.length === 0) return [];
  return [`==== ${title}\n${items.map((item) => `${line(item).trimEnd()}\n`).join("")}`];
}

function owned(
  path: string,
  {
    mode,
    owner,
    group,
  }: {
    readonly mode?: string | undefined;
    readonly owner?: string | undefined;
    readonly group?: string | undefined;
  },
  usual: string,
): string {
  return `${path} ${mode ?? usual} ${owner ?? "root"}:${group ?? "root"}`;
}

function renderedFile(path: string, file: RoleFile): string {
  if (file.target !== undefined) return `==== link ${path} -> ${file.target}\n`;
  const head = `==== file ${owned(path, file, "0644")}`;
  if (file.artefact !== undefined) return `${head}\n<<artefact:${file.artefact}>>\n`;
  const text = textOf(file.content ?? "");
  return `${head}\n${text}${text.endsWith("\n") ? "" : "\n"}`;
}

function renderedUnit(name: string, unit: RoleUnit): string {
  const about = [
    unit.state ?? "started",
    unit.enabled === false ? "not at boot" : "at boot",
    ...(unit.restartOn ?? []).map((path) => `\n  restarts on ${path}`),
  ];
  const text = unit.sections === undefined ? "" : renderedUnitFile(unit.sections);
  return `==== unit ${name} ${about.join(", ").replaceAll(", \n", "\n")}\n${text}`;
}
