/**
 * The engine's own code as one file for each of its programs, and each package that it uses as another. What was
 * imported late is evaluated late: it waits in the file as a function that nobody has called.
 *
 * One file and not one for each module, and CommonJS and not ES modules: looking for modules and linking them takes a
 * command longer than all that it does.
 */
import { readdir, readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join, resolve } from "node:path";

import { build, type BuildOptions, type BuildResult, type Plugin } from "esbuild";
import { z } from "zod";

import { Fault } from "../../errors/fault.ts";
import { type PackedFile, textFile } from "./packedFile.ts";
import { starterText } from "./starter.ts";

const checkout = resolve(import.meta.dirname, "../..");

export interface Bundle {
  readonly files: readonly PackedFile[];
  /** Of the packages whose code is in it. */
  readonly licences: string;
}

/** Of entries by name, files in `folder` of the package. Each is started by `<name>-start.cjs`. */
export async function bundleEngine(
  entries: Readonly<Record<string, string>>,
  folder: string,
): Promise<Bundle> {
  const packages = new Map<string, string>();
  const own = await bundled(entries, folder, [packagesApart(packages)]);
  const theirs = await bundled(
    Object.fromEntries([...packages].sort().map(([name, file]) => [file, name])),
    folder,
    [],
    ownAddress,
  );
  const files = [...own.outputFiles, ...theirs.outputFiles].map(({ path, contents }): PackedFile => ({
    path,
    mode: 0o644,
    from: { kind: "bytes", bytes: contents },
  }));
  const starters = Object.keys(entries).map((name) => {
    const code = own.outputFiles.find(({ path }) => path === `${folder}/${name}.cjs`);
    if (code === undefined) throw new Error(`esbuild made no ${name}`);
    return textFile(
      `${folder}/${name}-start.cjs`,
      starterText(name, code.hash.replaceAll(/[^a-zA-Z0-9]/g, "")),
    );
  });
  const inputs = [own, theirs].flatMap(({ metafile }) => Object.keys(metafile.inputs));
  return { files: [...starters, ...files], licences: await licencesOf(inputs) };
}

async function bundled(
  entryPoints: Readonly<Record<string, string>>,
  outdir: string,
  plugins: Plugin[],
  more: BuildOptions = {},
): Promise<BuildResult<{ readonly write: false; readonly metafile: true }>> {
  return await build({
    ...settings,
    ...more,
    write: false,
    metafile: true,
    entryPoints: { ...entryPoints },
    outdir,
    plugins,
  }).catch((cause: unknown) => {
    throw new Fault({
      what: "the engine cannot be made into one package",
      where: Object.values(entryPoints).join(", "),
      cause,
    });
  });
}

const settings = {
  // Paths in the code, and so names of files, are relative to the checkout, from wherever this is called.
  absWorkingDir: checkout,
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node24",
  // What is imported late is required late: the loader of ES modules stays asleep.
  supported: { "dynamic-import": false },
  define: { "import.meta.dirname": "__dirname" },
  outExtension: { ".js": ".cjs" },
  // A text without wide characters takes half the memory, and needs no decoding.
  charset: "ascii",
  // Names stay as they are: they are what a person reads in a stack.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  metafile: true,
  write: false,
  logLevel: "silent",
} as const satisfies BuildOptions;

/** Packages that were written as ES modules may ask for their own address. */
const ownAddress: BuildOptions = {
  define: { ...settings.define, "import.meta.url": "ownAddress" },
  banner: { js: 'const ownAddress = require("node:url").pathToFileURL(__filename).href;' },
};

/** Packages of npm stay outside, each as a file of its own. `met` has their names and the names of those files. */
function packagesApart(met: Map<string, string>): Plugin {
  return {
    name: "packages-apart",
    setup: (to) => {
      to.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        if (kind === "entry-point" || isBuiltin(path)) return undefined;
        const file = `package-${path.replace(/^@/, "").replaceAll("/", "-")}`;
        met.set(path, file);
        return { path: `./${file}.cjs`, external: true };
      });
    },
  };
}

/** What the packages whose code is in the bundle say of their licences. */
async function licencesOf(inputs: readonly string[]): Promise<string> {
  const names = new Set(
    inputs.flatMap((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []),
  );
  const texts = [...names].sort().map(async (name) => {
    const folder = join(checkout, "node_modules", name);
    const notices = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file)).sort();
    const bodies = await Promise.all(notices.map((file) => readFile(join(folder, file), "utf8")));
    const { license } = packageFacts.parse(JSON.parse(await readFile(join(folder, "package.json"), "utf8")));
    return [`${name} (${license})`, ...bodies.map((body) => body.trim())].join("\n\n");
  });
  return `${(await Promise.all(texts)).join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

const packageFacts = z.object({ license: z.string() });
