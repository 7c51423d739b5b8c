/** Which installed npm packages bring a Pulumi provider along: those whose package.json says so. */
import { readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface ProviderPackage {
  readonly name: string;
  readonly version: string;
  readonly server: string;
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * The provider packages a program can reach. Node looks in the node_modules of the program's folder and of
 * the folders above it, and so does this; a nearer package hides one of its name further up.
 */
export async function providerPackages(programDirectory: string): Promise<ProviderPackage[]> {
  const found = new Map<string, ProviderPackage>();
  for (const manifest of await manifests(programDirectory)) {
    const provider = providerOf(manifest);
    if (provider !== undefined && !found.has(provider.name)) found.set(provider.name, provider);
  }
  return [...found.values()];
}

/** Direct dependencies with their installed versions, or every installed package. */
export async function installedPackages(
  programDirectory: string,
  transitive: boolean,
): Promise<InstalledPackage[]> {
  const own = await manifestAt(programDirectory);
  const wanted = new Set([...keysOf(own?.["dependencies"]), ...keysOf(own?.["devDependencies"])]);
  const found = new Map<string, InstalledPackage>();
  for (const manifest of await manifests(programDirectory)) {
    const { name, version } = manifest;
    if (typeof name !== "string" || typeof version !== "string" || found.has(name)) continue;
    if (transitive || wanted.has(name)) found.set(name, { name, version });
  }
  return [...found.values()];
}

/** The provider a manifest names, by the rules of the official host. */
export function providerOf(manifest: Readonly<Record<string, unknown>>): ProviderPackage | undefined {
  const pulumi = manifest["pulumi"];
  if (!isRecord(pulumi) || pulumi["resource"] !== true) return undefined;
  const packageName = textOf(manifest["name"]);
  const name =
    textOf(pulumi["name"]) ??
    (packageName?.startsWith("@pulumi/") ? packageName.slice("@pulumi/".length) : undefined);
  const version = textOf(pulumi["version"]) ?? textOf(manifest["version"]);
  if (name === undefined || version === undefined) return undefined;
  return {
    name,
    version: version.startsWith("v") ? version : `v${version}`,
    server: textOf(pulumi["server"]) ?? "",
  };
}

async function manifests(programDirectory: string): Promise<Readonly<Record<string, unknown>>[]> {
  const read: Readonly<Record<string, unknown>>[] = [];
  for (let folder = programDirectory; ; folder = dirname(folder)) {
    const packages = await packageFolders(join(folder, "node_modules"));
    for (const manifest of await Promise.all(packages.map(manifestAt))) {
      if (manifest !== undefined) read.push(manifest);
    }
    if (dirname(folder) === folder) return read;
  }
}

async function packageFolders(modules: string): Promise<string[]> {
  const names = await listOrNothing(modules);
  const nested = await Promise.all(
    names.map(async (name) => {
      if (name.startsWith(".")) return [];
      if (!name.startsWith("@")) return [join(modules, name)];
      return (await listOrNothing(join(modules, name))).map((scoped) => join(modules, name, scoped));
    }),
  );
  return nested.flat();
}

/** Most folders have no node_modules, and not everything in one is a package. */
async function listOrNothing(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function manifestAt(folder: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  let source: string;
  try {
    source = await readFile(join(folder, "package.json"), "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const manifest: unknown = JSON.parse(source);
  return isRecord(manifest) ? manifest : undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keysOf(value: unknown): string[] {
  return isRecord(value) ? Object.keys(value) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
