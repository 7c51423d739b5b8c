/** The files a role comes down to: those it names, its units' texts and its kernel settings. */
import { createHash } from "node:crypto";
import type { Properties } from "../../protocol/value.ts";
import type { DesiredFile } from "../desired.ts";
import { sysctlFile, unitPath } from "../layout.ts";
import { unitText } from "../unit-text.ts";
import { isSecretItem, type StateInputs } from "./inputs.ts";

export interface WantedContent {
  readonly kind: "content";
  readonly sha256: string;
  readonly size: number;
  /** The bytes, or the file on the operator's machine that holds them. */
  readonly from: { readonly bytes: Buffer } | { readonly path: string };
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly secret: boolean;
}

export interface WantedLink {
  readonly kind: "link";
  readonly target: string;
}

export type WantedFile = WantedContent | WantedLink;

/** Every file by its path. */
export function wantedFiles(state: StateInputs, inputs: Properties): Map<string, WantedFile> {
  const files = new Map<string, WantedFile>();
  for (const [path, file] of Object.entries(state.files)) {
    files.set(path, wantedFile(file, isSecretItem(inputs, "files", path)));
  }
  for (const [name, unit] of Object.entries(state.units)) {
    if (unit.sections === undefined) continue;
    files.set(unitPath(name), textFile(unitText(unit.sections), isSecretItem(inputs, "units", name)));
  }
  if (Object.keys(state.sysctls).length > 0) {
    files.set(sysctlFile(state.role), textFile(sysctlText(state.sysctls), false));
  }
  return files;
}

export function wantedFile(file: DesiredFile, secret: boolean): WantedFile {
  if (file.target !== undefined) return { kind: "link", target: file.target };
  const { mode, owner, group } = file;
  if (file.source !== undefined) {
    const { sha256, size, path } = file.source;
    return { kind: "content", sha256, size, from: { path }, mode, owner, group, secret };
  }
  return { ...textFile(file.content ?? "", secret), mode, owner, group };
}

function textFile(text: string, secret: boolean): WantedContent {
  const bytes = Buffer.from(text);
  return {
    kind: "content",
    sha256: sha256Of(bytes),
    size: bytes.length,
    from: { bytes },
    mode: "0644",
    owner: "root",
    group: "root",
    secret,
  };
}

export function sha256Of(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function sysctlText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key} = ${value}\n`)
    .join("");
}
