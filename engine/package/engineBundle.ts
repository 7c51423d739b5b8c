/** The engine's own code as a few files, in which what was imported late stays late. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { build } from "esbuild";
import { z } from "zod";

import { Fault } from "../../errors/fault.ts";
import { type PackedFile, textFile } from "./packedFile.ts";

/**
 * Node.js keeps compiled code beside what it was made of in a folder that only root writes to; a start is then about
 * a fifth quicker. It cannot be shipped: it belongs to one build of Node.js, one processor and one user.
 */
const start = `import { enableCompileCache } from "node:module";
enableCompileCache("/var/cache/rkt");
await import("./engine.mjs");
`;

/** Packages that were written for CommonJS ask for Node's modules by a \`require\` that ES modules don't have. */
const requireForCommonJs = `import { createRequire as rktCreateRequire } from "node:module";
const require = rktCreateRequire(import.meta.url);`;

const checkout = resolve(import.meta.dirname, "../..");

export interface Bundle {
  readonly files: readonly PackedFile[];
  /** Of the packages whose code is in it. */
  readonly licences: string;
}

/**
 * Of entries by name, files in `folder` of the package. The entry `engine` is started by `rkt.mjs`.
 */
export async function bundleEngine(
  entries: Readonly<Record<string, string>>,
  folder: string,
): Promise<Bundle> {
  const result = await build({
    entryPoints: { ...entries },
    // Paths in the code, and so names of files, are relative to the checkout, from wherever this is called.
    absWorkingDir: checkout,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    chunkNames: "[name]-[hash]",
    banner: { js: requireForCommonJs },
    charset: "utf8",
    // Names stay as they are: they are what a person reads in a stack.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "silent",
  }).catch((cause: unknown) => {
    throw new Fault({
      what: "the engine cannot be made into one package",
      where: Object.values(entries).join(", "),
      cause,
    });
  });
  const files = result.outputFiles.map(({ path, contents }): PackedFile => ({
    path,
    mode: 0o644,
    from: { kind: "bytes", bytes: contents },
  }));
  return {
    files: [textFile(`${folder}/rkt.mjs`, start), ...files],
    licences: await licencesOf(Object.keys(result.metafile.inputs)),
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
