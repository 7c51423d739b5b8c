/**
 * `make package`: the engine as a signed Debian package for each architecture, under build/packages/. The same tree
 * gives the same bytes.
 */
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

import { Fault, messageOf } from "../../errors/fault.ts";
import { cacheFolder } from "../../tools/cache-folder.ts";
import { architectures, type Architecture, nodeNameOf, parseArchitectures } from "./architecture.ts";
import { BuildCache } from "./buildCache.ts";
import { buildPackage, type BuiltPackage, projectVersion, timeOfFiles } from "./build.ts";
import { layLibrary } from "./checkoutLibrary.ts";
import { commonFiles } from "./contents.ts";
import { packageName } from "./control.ts";
import { sourcesOf } from "./engineSources.ts";
import {
  type IndexedPackage,
  type PackageIndex,
  packageIndexName,
  parsePackageIndex,
} from "./packageIndex.ts";
import { chooseSigner, type Signer } from "./signingKey.ts";

const usage = `usage: node engine/package/main.ts [--architecture amd64,arm64] [--output build/packages] [--help]

Makes the engine's Debian package with a detached OpenPGP signature. What has not changed comes from the cache.

RKTNETES_SIGNING_KEY  file of an armored private key, or the fingerprint of one that gpg holds; by default a
                      development key, which is made on first use and stays in the cache
SOURCE_DATE_EPOCH     the time of every file in the package
`;

const checkout = resolve(import.meta.dirname, "../..");

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      architecture: { type: "string", default: architectures.join(",") },
      output: { type: "string", default: join(checkout, "build/packages") },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const wanted = parseArchitectures(values.architecture);
  const root = cacheFolder(process.env).root;
  const signer = await chooseSigner(root, process.env);
  const sources = sourcesOf(checkout);
  const common = await commonFiles(sources, say);
  const version = await projectVersion(checkout);
  const time = timeOfFiles(process.env);
  const cache = new BuildCache(join(root, "engine"));
  const output = resolve(values.output);
  await mkdir(output, { recursive: true });
  const entries: Partial<Record<Architecture, IndexedPackage>> = {};
  for (const architecture of wanted) {
    const built = await buildPackage(sources, common, { cache, architecture, version, time, say });
    if (nodeNameOf[architecture] === process.arch)
      await layLibrary(built.files, join(checkout, "build/library"));
    entries[architecture] = await putInPlace(built, architecture, output, signer);
    process.stdout.write(`${relative(process.cwd(), join(output, built.name))}\n`);
  }
  const keyFile = join(output, `${packageName}.public-key.asc`);
  await writeWhole(keyFile, signer.publicKey);
  const index: PackageIndex = { fingerprint: signer.fingerprint, publicKey: keyFile, packages: entries };
  await writeWhole(join(output, packageIndexName), `${JSON.stringify(index, null, 2)}\n`);
  process.stdout.write(
    `signed with ${signer.fingerprint.toUpperCase()} (${signer.purpose}); its public key: ${relative(process.cwd(), keyFile)}\n`,
  );
}

/** The package and its signature; what was there for the architecture before goes. */
async function putInPlace(
  { name, path, version }: BuiltPackage,
  architecture: Architecture,
  output: string,
  signer: Signer,
): Promise<IndexedPackage> {
  const target = join(output, name);
  const bytes = await readFile(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const signed = join(output, `${name}.asc`);
  const entry = { path: target, signature: signed, version, sha256, size: bytes.length };
  if (await isInPlace(output, entry, architecture, signer)) return entry;
  for (const old of await readdir(output)) {
    if (
      old !== name &&
      old.startsWith(`${packageName}_`) &&
      /_([a-z0-9]+)\.deb(\.asc)?$/.exec(old)?.[1] === architecture
    )
      await rm(join(output, old));
  }
  await writeWhole(signed, await signer.sign(bytes));
  await copyFile(path, `${target}.${process.pid}`);
  await rename(`${target}.${process.pid}`, target);
  return entry;
}

/** A signature carries its time: it is made anew only for another package or by another key. */
async function isInPlace(
  output: string,
  entry: IndexedPackage,
  architecture: Architecture,
  signer: Signer,
): Promise<boolean> {
  const index = await readFile(join(output, packageIndexName), "utf8").catch(() => "");
  const files = await readdir(output);
  const present = [entry.path, entry.signature].every((path) => files.includes(relative(output, path)));
  if (!present || index === "") return false;
  const recorded = parsePackageIndex(index);
  if (recorded.fingerprint !== signer.fingerprint || recorded.packages[architecture]?.sha256 !== entry.sha256)
    return false;
  const there = createHash("sha256")
    .update(await readFile(entry.path))
    .digest("hex");
  return there === entry.sha256;
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.${process.pid}`, text);
  await rename(`${path}.${process.pid}`, path);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Fault ? error.message : messageOf(error)}\n`);
  process.exitCode = 1;
}
