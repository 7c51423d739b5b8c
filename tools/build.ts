/**
 * Builds, or takes from the cache, every outside program that the project uses, and writes down where each is.
 * Needs neither npm packages nor, when all is cached, Go.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { availableParallelism, freemem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { Fault, messageOf } from "../errors/fault.ts";
import {
  findStored,
  type IndexedArtefact,
  indexEntries,
  publish,
  removeOldBuilds,
  store,
  type StoredProgram,
  unfinishedFolderOf,
} from "./artefact-store.ts";
import { takeLock } from "./build-lock.ts";
import { BuildProgress, formatSeconds } from "./build-progress.ts";
import { type CacheFolder, cacheFolder } from "./cache-folder.ts";
import { binariesOf, programs } from "./catalogue.ts";
import { compile, findGo, stopCompilers } from "./go-compiler.ts";
import { PAUSE_IMAGE } from "../components/runtime/pause-image.ts";
import { pauseImage } from "./pause-image.ts";
import { goArchitecture, type ModuleSources, type Recipe, recipeOf } from "./recipe.ts";

const usage = `usage: node tools/build.ts [--only NAME,…] [--list | --check | --quiet] [--help]

Builds every outside program from its pinned Go module, or takes it from the cache.

  --only NAME,…  only these programs (${programs.map((program) => program.name).join(", ")})
  --list         print what is there and what would be built, and build nothing
  --check        say nothing and build nothing; exit code 1 when something would be built
  --quiet        say nothing when there is nothing to build

RKTNETES_CACHE names the cache (default ~/.cache/rktnetes). What is where: artefacts.json in it.
`;

/** Two at a time keep both cores busy while one links, which takes one core; each may need 2.5 GB. */
const memoryForTwo = 6 * 2 ** 30;
const buildsKept = 3;

const moduleRoot = join(import.meta.dirname, "go");

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      list: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const cache = cacheFolder(process.env);
  const wanted = wantedGoVersion(readFileSync(join(import.meta.dirname, "versions.env"), "utf8"));
  const platform = { os: "linux", architecture: goArchitecture(process.arch) };
  const recipes = programs.map((program) =>
    recipeOf(program, readSources(join(moduleRoot, program.name)), wanted, platform),
  );
  const chosen = choose(recipes, values.only);
  if (values.list) {
    await list(cache, chosen);
    return;
  }
  if (values.check) {
    const found = await findAll(cache, chosen);
    process.exitCode = found.size === chosen.length ? 0 : 1;
    return;
  }
  await provide(cache, recipes, chosen, wanted, values.quiet);
}

/** Brings the chosen programs into the cache, and the index up to date for all that are there. */
async function provide(
  cache: CacheFolder,
  recipes: readonly Recipe[],
  chosen: readonly Recipe[],
  wantedGo: string,
  quiet: boolean,
): Promise<void> {
  const found = await findAll(cache, recipes);
  let missing = chosen.filter((recipe) => !found.has(recipe));
  if (missing.length > 0) {
    await mkdir(cache.artefacts, { recursive: true });
    const progress = new BuildProgress({
      isTTY: process.stderr.isTTY,
      columns: process.stderr.columns,
      write: (text) => process.stderr.write(text),
    });
    const lock = await takeLock(cache.lock, (holder) => {
      progress.say(`Another run (process ${holder}) is building in ${cache.root}; waiting for it`);
    });
    try {
      for (const [recipe, stored] of await findAll(cache, missing)) found.set(recipe, stored);
      missing = missing.filter((recipe) => !found.has(recipe));
      if (missing.length > 0) await buildAll(cache, missing, found, wantedGo, progress);
    } finally {
      progress.stop();
      await lock.release();
    }
  } else if (!quiet) {
    process.stderr.write(
      `Outside programs: ${String(chosen.length)} of ${String(chosen.length)} in the cache\n`,
    );
  }
  await publishFound(cache, found);
}

async function buildAll(
  cache: CacheFolder,
  missing: readonly Recipe[],
  found: Map<Recipe, StoredProgram>,
  wantedGo: string,
  progress: BuildProgress,
): Promise<void> {
  const go = await findGo(cache, wantedGo);
  progress.say(
    `Building ${String(missing.length)} outside programs with ${go.version} into ${cache.root}; ` +
      `they are kept there, so this happens once`,
  );
  const queue = [...missing];
  const work = async (): Promise<void> => {
    for (let recipe = queue.shift(); recipe !== undefined; recipe = queue.shift()) {
      const { name } = recipe.program;
      const started = Date.now();
      const folder = unfinishedFolderOf(cache, recipe);
      try {
        const listener = progress.begin(recipe.program, recipe.version);
        await compile(go, recipe, join(moduleRoot, name), folder, listener);
        found.set(recipe, await store(cache, recipe, folder, go.version));
      } catch (error) {
        queue.length = 0;
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
      await removeOldBuilds(cache, recipe.program, buildsKept);
      await publishFound(cache, found);
      progress.end(name, `  built  ${name} ${recipe.version} in ${formatSeconds(Date.now() - started)}`);
    }
  };
  const workers = freemem() >= memoryForTwo && availableParallelism() > 1 ? 2 : 1;
  const results = await Promise.allSettled(Array.from({ length: workers }, work));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function findAll(cache: CacheFolder, recipes: readonly Recipe[]): Promise<Map<Recipe, StoredProgram>> {
  const found = new Map<Recipe, StoredProgram>();
  await Promise.all(
    recipes.map(async (recipe) => {
      const stored = await findStored(cache, recipe);
      if (stored !== undefined) found.set(recipe, stored);
    }),
  );
  return found;
}

async function publishFound(cache: CacheFolder, found: ReadonlyMap<Recipe, StoredProgram>): Promise<void> {
  const entries: Record<string, IndexedArtefact> = {};
  for (const [recipe, stored] of found) Object.assign(entries, indexEntries(recipe.program, stored));
  const pause = entries["pause"];
  if (pause !== undefined) {
    entries["pause-image"] = await pauseImage(pause, PAUSE_IMAGE, async (...made) => {
      // Only here, so that a build needs no npm packages before it.
      const { pauseArchive } = await import("../lab/images/pause.ts");
      await pauseArchive(...made);
    });
  }
  await publish(cache, entries);
}

async function list(cache: CacheFolder, recipes: readonly Recipe[]): Promise<void> {
  for (const recipe of recipes) {
    const stored = await findStored(cache, recipe);
    const state = stored === undefined ? "to build" : stored.folder;
    process.stdout.write(`${recipe.program.name.padEnd(12)} ${recipe.version.padEnd(22)} ${state}\n`);
    for (const binary of binariesOf(recipe.program)) process.stdout.write(`  ${binary.artefact}\n`);
  }
}

function choose(recipes: readonly Recipe[], only: string | undefined): readonly Recipe[] {
  if (only === undefined) return recipes;
  const names = only.split(",").filter((name) => name !== "");
  const known = recipes.map((recipe) => recipe.program.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || names.length === 0)
    throw new Fault({
      what: "no such program",
      where: "--only",
      got: unknown.join(", ") || "nothing",
      allowed: known.join(", "),
    });
  return recipes.filter((recipe) => names.includes(recipe.program.name));
}

/** The module's files that decide what is built; tests of it do not. */
function readSources(folder: string): ModuleSources {
  if (!existsSync(join(folder, "go.mod"))) throw new Fault({ what: "no Go module", where: folder });
  const names = readdirSync(folder).filter(
    (name) => /^go\.(mod|sum)$/.test(name) || (name.endsWith(".go") && !name.endsWith("_test.go")),
  );
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

function wantedGoVersion(versions: string): string {
  const version = /^GO_VERSION=(\S+)$/m.exec(versions)?.[1];
  if (version === undefined) throw new Fault({ what: "GO_VERSION is not set", where: "tools/versions.env" });
  return version;
}

function stopOn(signal: "SIGINT" | "SIGTERM", exitCode: number): void {
  process.once(signal, () => {
    stopCompilers();
    process.stderr.write("\nStopped. What was compiled so far is kept; run it again to go on.\n");
    process.exit(exitCode);
  });
}

stopOn("SIGINT", 130);
stopOn("SIGTERM", 143);
try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Fault ? error.message : messageOf(error)}\n`);
  process.exitCode = 1;
}
