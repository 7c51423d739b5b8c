import { closeSync, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, messageOf } from "../../errors/fault.ts";
import type { BasicCredentials, DomainCredentials, EngineConfiguration } from "./configuration.ts";
import { Draft, kinds } from "./kinds.ts";

export interface LoadedConfiguration {
  readonly configuration: EngineConfiguration;
  /** What a person should know of the files, though they count. */
  readonly warnings: readonly string[];
}

/** Where the kinds of configuration lie, below each folder. */
const subfolders: Readonly<Record<string, readonly string[]>> = {
  "auth.d": ["auth", "dockerAuth"],
  "paths.d": ["paths"],
  "stage1.d": ["stage1"],
};

/**
 * What the folders say together, later ones over earlier ones. A folder that is not there says nothing. Synchronous,
 * for every command begins with it and there is little to read.
 */
export function loadConfiguration(folders: readonly string[]): LoadedConfiguration {
  const auth = new Map<string, DomainCredentials>();
  const dockerAuth = new Map<string, BasicCredentials>();
  let paths: EngineConfiguration["paths"] = {};
  let stage1: EngineConfiguration["stage1"] = {};
  const warnings: string[] = [];
  for (const folder of folders) {
    const draft = new Draft();
    for (const [subfolder, allowed] of Object.entries(subfolders)) {
      readSubfolder(join(folder, subfolder), allowed, draft, warnings);
    }
    for (const [domain, credentials] of draft.auth) auth.set(domain, credentials);
    for (const [registry, credentials] of draft.dockerAuth) dockerAuth.set(registry, credentials);
    paths = { ...paths, ...draft.paths };
    stage1 = { ...stage1, ...draft.stage1 };
  }
  return { configuration: { auth, dockerAuth, paths, stage1 }, warnings };
}

function readSubfolder(folder: string, allowed: readonly string[], draft: Draft, warnings: string[]): void {
  for (const name of filesIn(folder)) {
    const path = join(folder, name);
    const text = readConfigurationFile(path, warnings);
    if (text !== undefined) judge(path, folder, name, text, allowed, draft);
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    switch (codeOf(error)) {
      case "ENOENT":
        return [];
      case "ENOTDIR":
        throw new Fault({ what: `expected ${JSON.stringify(folder)} to be a directory` });
      default:
        throw error;
    }
  }
}

/** Undefined for credentials that only root may read, without which others can do whatever needs none. */
function readConfigurationFile(path: string, warnings: string[]): string | undefined {
  const secret = path.includes("/auth.d/");
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (secret && codeOf(error) === "EACCES") {
      warnings.push(`credentials of ${path} are not used: only root may read them`);
      return undefined;
    }
    throw error;
  }
  try {
    if (secret && (fstatSync(file).mode & 0o004) !== 0) {
      warnings.push(`${path} holds credentials and can be read by everyone; try chmod o-rwx`);
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function judge(
  path: string,
  folder: string,
  name: string,
  text: string,
  allowed: readonly string[],
  draft: Draft,
): void {
  const fields = parsed(path, text);
  const { rktKind: kind, rktVersion: version } = fields;
  if (typeof kind !== "string" || kind === "") {
    throw new Fault({ what: `no rktKind specified in ${JSON.stringify(path)}` });
  }
  if (typeof version !== "string" || version === "") {
    throw new Fault({ what: `no rktVersion specified in ${JSON.stringify(path)}` });
  }
  if (!allowed.includes(kind)) {
    const expected = allowed.map((each) => JSON.stringify(each)).join(", ");
    throw new Fault({
      what:
        `the configuration directory ${JSON.stringify(folder)} expects to have configuration files of kinds ` +
        `${expected}, but ${JSON.stringify(name)} has kind of ${JSON.stringify(kind)}`,
    });
  }
  const mend = `mend or remove ${path}`;
  const read = version === "v1" ? kinds[kind] : undefined;
  if (read === undefined) {
    throw new Fault({
      what: `no parser available for configuration of kind ${JSON.stringify(kind)} and version ${JSON.stringify(version)}`,
      allowed: '"v1"',
      remedy: mend,
    });
  }
  const mistake = read(fields, draft);
  if (mistake !== undefined) throw new Fault({ what: mistake, remedy: mend });
}

function parsed(path: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // V8 shows a part of the text, which may be a password.
    const what = messageOf(error).split(/, "|, \.\.\."| in JSON| \(/)[0] ?? "not JSON";
    throw new Fault({ what: `failed to parse ${JSON.stringify(path)}`, got: what });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Fault({ what: `failed to parse ${JSON.stringify(path)}`, got: "no JSON object" });
  }
  return { ...value };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
