/** Runs Go for a recipe, in folders of the cache, and tells of each package compiled. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Fault } from "../errors/fault.ts";
import type { CacheFolder } from "./cache-folder.ts";
import type { CompilerCommand, Recipe } from "./recipe.ts";

export interface GoCompiler {
  readonly command: string;
  /** As `go version` says. */
  readonly version: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** What is heard while a program is built. */
export interface BuildListener {
  fetching(module: string): void;
  packages(total: number): void;
  compiled(packagePath: string): void;
}

const running = new Set<ChildProcess>();

/** Ends every compiler that this process started, with its children. */
export function stopCompilers(): void {
  for (const child of running) if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
}

/** A Go that is as new as asked: the machine's own, or the one that was fetched into the cache. */
export async function findGo(cache: CacheFolder, wanted: string): Promise<GoCompiler> {
  const userSettings = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    GOMODCACHE: cache.goModules,
    GOPATH: join(cache.root, "go", "path"),
    // Go keeps its counters in the user's folder for settings, which is to stay as it was; the settings hold.
    GOENV: process.env["GOENV"] ?? join(userSettings, "go", "env"),
    XDG_CONFIG_HOME: join(cache.root, "go", "config"),
    GOCACHE: cache.goBuild,
    // What is fetched can be removed again without further ado. Debug information, which linking strips, is not made:
    // a seventh of the compiler's time; collecting garbage more rarely saves a fifth, at the same memory.
    GOFLAGS: "-modcacherw -gcflags=all=-dwarf=false",
    GOGC: "400",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    CGO_ENABLED: "0",
  };
  const found: string[] = [];
  for (const command of [join(cache.root, "go", "toolchain", "bin", "go"), "go"]) {
    const version = await goVersion(command, environment);
    if (version === undefined) continue;
    found.push(`${command} is ${version}`);
    if (satisfies(version, wanted)) return { command, version, environment };
  }
  throw new Fault({
    what: "no suitable Go compiler",
    got: found.length === 0 ? "none" : found.join(", "),
    allowed: `go ${wanted}, or a later patch of the same minor release`,
    remedy: "run tools/bootstrap.sh, which fetches it",
  });
}

/** Whether a `go1.26.8`-like version is of the wanted minor release and no older. */
export function satisfies(version: string, wanted: string): boolean {
  const have = /^go(\d+)\.(\d+)(?:\.(\d+))?$/.exec(version);
  const want = /^(\d+)\.(\d+)\.(\d+)$/.exec(wanted);
  if (have === null || want === null) return false;
  return have[1] === want[1] && have[2] === want[2] && Number(have[3] ?? 0) >= Number(want[3]);
}

async function goVersion(command: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { output } = await run(command, ["env", "GOVERSION"], "/", environment);
    return output.trim();
  } catch (error) {
    if (error instanceof NotThere) return undefined;
    throw error;
  }
}

/** Builds into `folder`, which is made anew. */
export async function compile(
  go: GoCompiler,
  recipe: Recipe,
  moduleFolder: string,
  folder: string,
  listener: BuildListener,
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const hear = (line: string): void => {
    const module = /^go: downloading (\S+)/.exec(line)?.[1];
    if (module !== undefined) listener.fetching(module);
    else if (isPackagePath(line)) listener.compiled(line);
  };
  // Counting first also fetches: from then on it is only compiling.
  const total = await countPackages(go, recipe, moduleFolder, hear);
  listener.packages(total);
  for (const command of recipe.commands) await compileStep(go, command, moduleFolder, folder, hear);
  const made = await readdir(folder);
  if (made.length === 0) throw new Fault({ what: "the compiler wrote nothing", where: recipe.program.name });
}

async function countPackages(
  go: GoCompiler,
  recipe: Recipe,
  moduleFolder: string,
  hear: (line: string) => void,
): Promise<number> {
  const seen = new Set<string>();
  for (const command of recipe.commands) {
    const tests = command.arguments[0] === "test" ? ["-test"] : [];
    const tags = command.arguments.includes("-tags")
      ? ["-tags", command.arguments[command.arguments.indexOf("-tags") + 1] ?? ""]
      : [];
    const list = ["list", "-deps", ...tests, ...tags, "-f", "{{.ImportPath}}", ...command.packages];
    const { output } = await run(go.command, list, moduleFolder, go.environment, hear);
    for (const path of output.split("\n")) if (path !== "") seen.add(path);
  }
  return seen.size;
}

async function compileStep(
  go: GoCompiler,
  command: CompilerCommand,
  moduleFolder: string,
  folder: string,
  hear: (line: string) => void,
): Promise<void> {
  const output = command.outputFile === undefined ? `${folder}/` : join(folder, command.outputFile);
  const words = [...command.arguments, "-v", "-o", output, ...command.packages];
  await run(go.command, words, moduleFolder, go.environment, hear);
}

function isPackagePath(line: string): boolean {
  return /^[A-Za-z0-9_.~\-/]+$/.test(line);
}

class NotThere extends Error {}

interface Finished {
  readonly output: string;
}

/** Runs to the end; a failure is an error that carries the last lines of what was said. */
function run(
  command: string,
  words: readonly string[],
  folder: string,
  environment: NodeJS.ProcessEnv,
  hear?: (line: string) => void,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that stopping reaches the compiler's children too.
    const child = spawn(command, words, {
      cwd: folder,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running.add(child);
    let output = "";
    const said: string[] = [];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    createInterface({ input: child.stderr }).on("line", (line) => {
      hear?.(line);
      said.push(line);
      if (said.length > 200) said.shift();
    });
    child.once("error", (error) => {
      running.delete(child);
      const missing = "code" in error && error.code === "ENOENT";
      reject(missing ? new NotThere(command) : error);
    });
    child.once("close", (code, signal) => {
      running.delete(child);
      if (code === 0) {
        resolve({ output });
        return;
      }
      const telling = said.filter((line) => !isPackagePath(line) && !line.startsWith("go: downloading"));
      reject(
        new Fault({
          what: `go ${words[0] ?? ""} ${code === null ? `was ended by ${signal ?? "a signal"}` : `failed with exit code ${String(code)}`}`,
          where: folder,
          cause: `\n${telling.slice(-30).join("\n")}`,
        }),
      );
    });
  });
}
