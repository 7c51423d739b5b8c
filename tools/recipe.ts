/**
 * From the catalogue and a module's files to exact compiler arguments and the key of what they make. Pure: what a
 * key hit needs is known without Go.
 */
import { createHash } from "node:crypto";

import { Fault } from "../errors/fault.ts";
import { fileOf, type Program, type Step } from "./catalogue.ts";

/** The files of a module that decide what is built, by path relative to the module, and their content. */
export type ModuleSources = ReadonlyMap<string, string>;

export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

export interface Recipe {
  readonly program: Program;
  readonly version: string;
  /** Arguments of `go`, one list for each step; the folder to write to is added when it runs. */
  readonly commands: readonly CompilerCommand[];
  readonly key: string;
}

export interface CompilerCommand {
  readonly arguments: readonly string[];
  readonly packages: readonly string[];
  /** Set where Go wants the output's own name rather than a folder. */
  readonly outputFile?: string;
}

/** Go's name for what Node calls the machine's architecture. */
export function goArchitecture(nodeArchitecture: string): string {
  switch (nodeArchitecture) {
    case "x64":
      return "amd64";
    case "arm64":
      return "arm64";
    default:
      throw new Fault({
        what: "outside programs are not built for this machine",
        got: nodeArchitecture,
        allowed: "x64, arm64",
      });
  }
}

/** The version that a go.mod requires a module at. */
export function requiredVersion(goMod: string, modulePath: string): string {
  for (const line of goMod.split("\n")) {
    const [path, version] = line
      .replace(/\/\/.*$/, "")
      .replace(/^\s*require\b/, "")
      .trim()
      .split(/\s+/);
    if (path === modulePath && version?.startsWith("v") === true) return version;
  }
  throw new Fault({ what: `go.mod requires no version of ${modulePath}` });
}

/** What builds a program, and the key under which the result is kept. */
export function recipeOf(
  program: Program,
  sources: ModuleSources,
  goVersion: string,
  platform: Platform,
): Recipe {
  const version = versionOf(program, sources);
  const commands = program.steps.flatMap((step) => commandsOf(step, version));
  const hash = createHash("sha256");
  // Length before content: no two different lists of parts hash the same bytes.
  const add = (part: string): void => {
    hash.update(`${String(Buffer.byteLength(part))}:`).update(part);
  };
  add(`go${goVersion}`);
  add(`${platform.os}/${platform.architecture}`);
  add(JSON.stringify(commands));
  for (const [path, content] of [...sources].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    add(path);
    add(content);
  }
  return { program, version, commands, key: hash.digest("hex").slice(0, 32) };
}

function versionOf(program: Program, sources: ModuleSources): string {
  if (program.versionOf !== undefined) return requiredVersion(sources.get("go.mod") ?? "", program.versionOf);
  const hash = createHash("sha256");
  for (const [path, content] of [...sources].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(path).update("\0").update(content).update("\0");
  return `v0.0.0-${hash.digest("hex").slice(0, 12)}`;
}

function commandsOf(step: Step, version: string): CompilerCommand[] {
  const set = Object.entries(step.variables ?? {}).map(([name, value]) => `-X ${name}=${value(version)}`);
  const flags = ["-trimpath", "-ldflags", ["-s -w", ...set].join(" ")];
  if (step.tags !== undefined) flags.push("-tags", step.tags.join(","));
  const tests = step.binaries.filter((binary) => binary.fromTests === true);
  const mains = step.binaries.filter((binary) => binary.fromTests !== true);
  const commands: CompilerCommand[] = tests.map((binary) => ({
    arguments: ["test", "-c", ...flags],
    packages: [binary.package],
    outputFile: fileOf(binary),
  }));
  if (mains.length > 0)
    commands.push({
      arguments: ["build", "-buildvcs=false", ...flags],
      packages: mains.map((binary) => binary.package),
    });
  return commands;
}
