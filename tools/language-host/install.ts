/** How `pulumi install` gets a program's packages. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { PackageManager, RuntimeOptions } from "./options.ts";

interface InstallCommand {
  readonly command: string;
  readonly args: readonly string[];
}

const LOCK_FILES: readonly (readonly [string, PackageManager])[] = [
  ["yarn.lock", "yarn"],
  ["pnpm-lock.yaml", "pnpm"],
  ["bun.lock", "bun"],
  ["package-lock.json", "npm"],
];

export async function installCommand(folder: string, options: RuntimeOptions): Promise<InstallCommand> {
  const command = options.packagemanager === "auto" ? await packageManagerOf(folder) : options.packagemanager;
  const args = ["install", ...(command === "npm" ? ["--loglevel=error"] : [])];
  return {
    command,
    args: options.production ? [...args, command === "npm" ? "--omit=dev" : "--production"] : args,
  };
}

/** The lock file tells which package manager the project uses. */
async function packageManagerOf(folder: string): Promise<string> {
  for (const [file, name] of LOCK_FILES) {
    if (await exists(join(folder, file))) return name;
  }
  return "npm";
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
