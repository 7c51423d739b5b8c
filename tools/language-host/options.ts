/** The options under `runtime:` in Pulumi.yaml, as the official host understands them. */
import { Fault } from "../../errors/fault.ts";

const PACKAGE_MANAGERS = ["auto", "npm", "yarn", "pnpm", "bun"] as const;
export type PackageManager = (typeof PACKAGE_MANAGERS)[number];

export interface RuntimeOptions {
  /** False hands the source to Node as it is, which strips the types itself; true compiles with ts-node. */
  readonly typescript: boolean;
  /** Path of the tsconfig.json that ts-node uses. */
  readonly tsconfig: string | undefined;
  /** Further arguments for Node. */
  readonly nodeargs: readonly string[];
  readonly packagemanager: PackageManager;
  /** Leaves devDependencies out of `pulumi install`. */
  readonly production: boolean;
}

export function parseOptions(options: Readonly<Record<string, unknown>>): RuntimeOptions {
  const packagemanager = text(options, "packagemanager") ?? "auto";
  if (!isPackageManager(packagemanager)) {
    throw new Fault({
      what: "unknown package manager",
      where: "Pulumi.yaml: runtime.options.packagemanager",
      got: packagemanager,
      allowed: PACKAGE_MANAGERS.join(", "),
    });
  }
  return {
    typescript: flag(options, "typescript") ?? true,
    tsconfig: text(options, "tsconfig"),
    nodeargs: splitArguments(text(options, "nodeargs") ?? ""),
    packagemanager,
    production: flag(options, "production") ?? false,
  };
}

/** The environment in which @pulumi/pulumi's entry points find the options. */
export function optionsEnvironment(options: RuntimeOptions): Record<string, string> {
  return {
    ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
    ...(options.tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}

/** Splits like a shell at blanks, except inside quotes and after a backslash. */
export function splitArguments(line: string): string[] {
  const words = line.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
      (_whole, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
        double?.replaceAll(/\\(["\\$`])/g, "$1") ?? single ?? escaped ?? "",
    ),
  );
}

function isPackageManager(name: string): name is PackageManager {
  return PACKAGE_MANAGERS.some((known) => known === name);
}

function flag(options: Readonly<Record<string, unknown>>, key: string): boolean | undefined {
  const value = options[key];
  if (value === undefined || typeof value === "boolean") return value;
  throw wrongType(key, value, "true or false");
}

function text(options: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = options[key];
  if (value === undefined || typeof value === "string") return value;
  throw wrongType(key, value, "a string");
}

function wrongType(key: string, value: unknown, allowed: string): Fault {
  return new Fault({
    what: "wrong type",
    where: `Pulumi.yaml: runtime.options.${key}`,
    got: JSON.stringify(value),
    allowed,
  });
}
