/** `make down`: takes clusters and their lab away, and lists what stays. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { kubeconfigPath } from "./kubeconfig-file.ts";
import { main, readOptions } from "./options.ts";
import { PROJECT, run } from "./program.ts";
import { pulumi, pulumiOutput, stackExists } from "./pulumi.ts";
import { clearStaleLock } from "./stale-lock.ts";

const { stack, all } = readOptions(`
Usage: make down [STACK=dev]
Takes a stack's cluster and lab away. The cache and the operator's packages stay, and are listed.
`);

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

await main(async () => {
  for (const name of all ? await everyStack() : [stack]) {
    const code = await takeDown(name);
    if (code !== 0) return code;
  }
  say("\nWhat stays:");
  say(await whatStays());
  return 0;
});

async function everyStack(): Promise<string[]> {
  const listed: unknown = JSON.parse(await pulumiOutput(["stack", "ls", "--json"]));
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((entry: unknown) => {
    const name: unknown =
      entry !== null && typeof entry === "object" ? Reflect.get(entry, "name") : undefined;
    return typeof name === "string" ? [name] : [];
  });
}

async function takeDown(name: string): Promise<number> {
  if (!(await stackExists(name))) {
    say(`There is no stack "${name}": nothing to take down.`);
    return 0;
  }
  await clearStaleLock(name, say);
  const { code } = await pulumi(["destroy", "--yes", "--skip-preview", "--stack", name], { show: true });
  if (code !== 0) {
    say(
      `\npulumi destroy ended with ${code}; the stack keeps what could not be taken away. Type make down again when`,
    );
    say("the cause is mended. For a machine that is gone for good, set abandon: true on its host first.");
    return code;
  }
  // The configuration file belongs to the checkout, not to the stack's state.
  await pulumiOutput(["stack", "rm", "--yes", "--preserve-config", "--stack", name]);
  await rm(kubeconfigPath(name), { force: true });
  return 0;
}

async function whatStays(): Promise<string> {
  const cache = process.env["RKTNETES_CACHE"] ?? "";
  // Something may come and go there meanwhile: what du could not read does not make the sum useless.
  const sum = await run("du", ["--one-file-system", "--summarize", "--human-readable", cache]);
  const size = sum.stdout.split("\t")[0] ?? "";
  const packages = await readFile(join(cache, "installed-packages"), "utf8").catch(() => "");
  const names = packages.split("\n").filter((line) => line !== "");
  const folders = (await readdir(PROJECT)).filter((name) =>
    ["node_modules", ".rktnetes", "build"].includes(name),
  );
  const dirty = await run("git", ["status", "--short"]);
  return [
    `  the cache, ${size}: ${cache}`,
    names.length === 0
      ? "  no packages of this machine were installed for it"
      : `  packages installed for it: ${names.join(" ")}`,
    `  in the checkout: ${folders.join(", ")}`,
    ...(dirty.stdout.trim() === "" ? [] : ["  (the checkout has changes that git shows)"]),
    "make distclean takes all of these away.",
  ].join("\n");
}
