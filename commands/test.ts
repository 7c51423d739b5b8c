/**
 * Runs suites of tests one after another and closes with `N passed, N failed`. A suite that cannot run counts as
 * a failure: nothing that was skipped is called passed.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { z } from "zod";
import { PROJECT, run } from "./program.ts";

interface Tally {
  readonly passed: number;
  readonly failed: number;
}

const BUILD = join(PROJECT, "build", "tests");

/** One check of the linters: a command that must end well. */
async function check(name: string, command: string, args: readonly string[]): Promise<Tally> {
  const started = Date.now();
  const { code, stdout, stderr } = await run(command, args);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`  ${code === 0 ? "✔" : "✘"} ${name} (${seconds} s)\n`);
  if (code !== 0) process.stdout.write(`${stdout}${stderr}\n`);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function lint(): Promise<Tally> {
  const scripts = await shellScripts();
  return total([
    await check("types", "tsc", ["--noEmit"]),
    await check("eslint", "eslint", [
      "--max-warnings=0",
      "--cache",
      "--cache-location",
      "node_modules/.cache/eslint",
      ".",
    ]),
    await check("prettier", "prettier", ["--log-level", "warn", "--check", "."]),
    await check("shellcheck", "shellcheck", ["--external-sources", ...scripts]),
  ]);
}

/** Tracked files that a shell runs. */
async function shellScripts(): Promise<string[]> {
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  const files = stdout.split("\0").filter((file) => file !== "" && !file.startsWith("tests/golden/"));
  const scripts: string[] = [];
  for (const file of files) {
    if (/\.(ts|js|json|md|ya?ml|go|mod|sum|golden)$/.test(file)) continue;
    const text = await readFile(join(PROJECT, file), "utf8").catch(() => "");
    if (/^#!.*\b(ba)?sh\b/.test(text) || file.endsWith(".sh")) scripts.push(file);
  }
  return scripts;
}

const reportSchema = z.object({
  stats: z.object({ passes: z.number(), failures: z.number(), pending: z.number() }),
});

/** Runs mocha, showing its tests as they go, and counts by its JSON report. */
async function mocha(name: string, args: readonly string[]): Promise<Tally> {
  await mkdir(BUILD, { recursive: true });
  const report = join(BUILD, `${name}.json`);
  const reporter = join(PROJECT, "tests", "reporter.cjs");
  const { code } = await run(
    "mocha",
    ["--reporter", reporter, "--reporter-option", `output=${report}`, ...args],
    {
      show: true,
    },
  );
  const parsed = reportSchema.safeParse(JSON.parse(await readFile(report, "utf8").catch(() => "{}")));
  if (!parsed.success) {
    process.stdout.write(`  ✘ ${name}: mocha ended with ${code} and left no report\n`);
    return { passed: 0, failed: 1 };
  }
  const { passes, failures, pending } = parsed.data.stats;
  if (pending > 0) process.stdout.write(`  ${pending} of these tests were skipped and count as failures\n`);
  const failed = failures + pending;
  return { passed: passes, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/** Suites of files that need hosts run by themselves, one mocha for the folder, without unit's settings. */
function folder(name: "integration" | "e2e" | "ordeal"): () => Promise<Tally> {
  return async () => {
    const files = await readdir(join(PROJECT, "tests", name), { recursive: true });
    const tests = files.filter((file) => file.endsWith(".test.ts")).sort();
    if (tests.length === 0) {
      process.stdout.write(`  ✘ ${name}: there are no tests\n`);
      return { passed: 0, failed: 1 };
    }
    return mocha(name, [
      "--no-config",
      "--extension",
      "ts",
      "--timeout",
      "600000",
      ...tests.map((file) => join("tests", name, file)),
    ]);
  };
}

const SUITES: Readonly<Record<string, () => Promise<Tally>>> = {
  lint,
  unit: () => mocha("unit", []),
  integration: folder("integration"),
  e2e: folder("e2e"),
  ordeal: folder("ordeal"),
};

function total(tallies: readonly Tally[]): Tally {
  return tallies.reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: sum.failed + one.failed }));
}

const tallies: Tally[] = [];
for (const name of process.argv.slice(2)) {
  const suite = SUITES[name];
  if (suite === undefined) {
    process.stderr.write(`no suite "${name}"; there are: ${Object.keys(SUITES).join(", ")}\n`);
    process.exit(2);
  }
  process.stdout.write(`\n${name}\n`);
  const started = Date.now();
  const tally = await suite();
  tallies.push(tally);
  process.stdout.write(`  ${name}: ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
}
const sum = total(tallies);
process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed\n`);
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;
