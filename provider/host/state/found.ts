/** A State's outputs: what was found on the host of each declared thing. Hashes of secrets are secrets. */
import { Secret, type Properties, type Value } from "../../protocol/value.ts";
import { unitPath } from "../layout.ts";
import type { StateInputs } from "./inputs.ts";
import type { FoundPath, Survey } from "./survey.ts";
import { conditionOf, enabledOf, foreignDropIns } from "./unit-condition.ts";
import type { WantedFile } from "./wanted.ts";

export function foundOutputs(
  state: StateInputs,
  files: ReadonlyMap<string, WantedFile>,
  found: Survey,
  hostKey: string,
): Properties {
  const declared = new Set([
    ...files.keys(),
    ...[...found.ledgers.values()].flatMap((other) => Object.keys(other.files)),
  ]);
  return {
    host: state.host,
    role: state.role,
    claim: state.claim,
    hostKeys: [hostKey],
    packages: pick(state.packages, (name) => found.packages.get(name)),
    users: pick(state.users, (name) => foundUser(found, name)),
    directories: pick(state.directories, (path) => foundDirectory(found.paths.get(path))),
    files: pick(state.files, (path) => foundFile(path, files.get(path), found)),
    sysctls: pick(state.sysctls, (key) => found.sysctls.get(key)),
    units: pick(state.units, (name) => foundUnit(name, files.get(unitPath(name)), found, declared)),
  };
}

function pick(
  names: Readonly<Record<string, unknown>>,
  look: (name: string) => Value | undefined,
): Properties {
  const entries = Object.keys(names).flatMap((name) => {
    const value = look(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

function foundUser(found: Survey, name: string): Value | undefined {
  const user = found.users.get(name);
  return user === undefined ? undefined : { home: user.home, shell: user.shell, groups: user.groups };
}

function foundDirectory(path: FoundPath | undefined): Value | undefined {
  if (path === undefined) return undefined;
  if (path.type !== "directory") return { type: path.type };
  return { mode: path.mode, owner: path.owner, group: path.group };
}

function foundFile(path: string, wanted: WantedFile | undefined, found: Survey): Value | undefined {
  const there = found.paths.get(path);
  if (there === undefined) return undefined;
  if (there.type === "link") return { target: there.target };
  if (there.type !== "file") return { type: there.type };
  const secret = wanted?.kind === "content" && wanted.secret;
  const hash = found.hashes.get(path) ?? "";
  const content = secret ? undefined : found.contents.get(path);
  return {
    sha256: secret ? new Secret(hash) : hash,
    mode: there.mode,
    owner: there.owner,
    group: there.group,
    ...(content === undefined ? {} : { content }),
  };
}

function foundUnit(
  name: string,
  wanted: WantedFile | undefined,
  found: Survey,
  declared: ReadonlySet<string>,
): Value | undefined {
  const unit = found.units.get(name);
  const file = wanted === undefined ? undefined : foundFile(unitPath(name), wanted, found);
  if (wanted !== undefined && file === undefined) return undefined;
  const dropIns = wanted === undefined ? [] : foreignDropIns(name, found.dropIns, declared);
  const enabled = enabledOf(unit);
  return {
    ...(file === undefined ? {} : { file }),
    ...(enabled === undefined ? {} : { enabled }),
    condition: conditionOf(unit),
    ...(dropIns.length === 0 ? {} : { dropIns }),
  };
}
