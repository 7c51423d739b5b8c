/** The command lines and environments of programs and plugins: pure, and the same as the official host's. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { optionsEnvironment, type RuntimeOptions } from "./options.ts";

export interface ProgramRun {
  readonly monitor: string;
  readonly engine: string;
  readonly organization: string;
  readonly project: string;
  readonly stack: string;
  readonly rootDirectory: string;
  readonly programDirectory: string;
  readonly entryPoint: string;
  readonly dryRun: boolean;
  readonly parallel: number;
  readonly args: readonly string[];
  readonly config: ReadonlyMap<string, string>;
  readonly configSecretKeys: readonly string[];
}

export interface PluginRun {
  /** "analyzer" for a policy pack, "resource" for a provider. */
  readonly kind: string;
  readonly programDirectory: string;
  readonly args: readonly string[];
}

/** Node's arguments for a program; `entry` is @pulumi/pulumi's own `cmd/run`. */
export function programArguments(run: ProgramRun, entry: string, options: RuntimeOptions): string[] {
  const named: readonly (readonly [string, string])[] = [
    ["monitor", run.monitor],
    ["engine", run.engine],
    ["organization", run.organization],
    ["project", run.project],
    ["root-directory", run.rootDirectory],
    ["stack", run.stack],
    ["pwd", run.programDirectory],
  ];
  return [
    ...options.nodeargs,
    entry,
    ...named.flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value])),
    ...(run.dryRun ? ["--dry-run"] : []),
    "--parallel",
    String(run.parallel),
    run.entryPoint === "" ? "." : run.entryPoint,
    ...run.args,
  ];
}

export function programEnvironment(run: ProgramRun, options: RuntimeOptions): Record<string, string> {
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(run.config)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(run.configSecretKeys),
    ...optionsEnvironment(options),
  };
}

export function pluginEntry(kind: string): string {
  return kind === "analyzer" ? "@pulumi/pulumi/cmd/run-policy-pack" : "@pulumi/pulumi/cmd/run-plugin";
}

/** A policy pack's folder comes after its arguments, any other plugin's before them. */
export function pluginArguments(run: PluginRun, entry: string, options: RuntimeOptions): string[] {
  const places =
    run.kind === "analyzer" ? [...run.args, run.programDirectory] : [run.programDirectory, ...run.args];
  return [...options.nodeargs, entry, ...places];
}

/** Where the program's own @pulumi/pulumi lies: the program's version runs, not this host's. */
export function locateEntry(module: string, programDirectory: string): string {
  try {
    return createRequire(join(programDirectory, "package.json")).resolve(module);
  } catch (cause) {
    throw new Fault({
      what: "the Pulumi SDK is not installed for this program",
      where: programDirectory,
      cause: cause instanceof Error ? cause.message.split("\n", 1)[0] : cause,
      remedy: "run `npm install` (or `pulumi install`) in that folder",
    });
  }
}
