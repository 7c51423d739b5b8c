/** The engine's own code as a few files, in which what was imported late stays late. */
import { build } from "esbuild";

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

/**
 * Of entries by name, files in `folder` of the package. The entry `engine` is started by `rkt.mjs`.
 */
export async function bundleEngine(
  entries: Readonly<Record<string, string>>,
  folder: string,
): Promise<readonly PackedFile[]> {
  const result = await build({
    entryPoints: { ...entries },
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
    write: false,
    logLevel: "silent",
  }).catch((cause: unknown) => {
    throw new Fault({
      what: "the engine cannot be made into one package",
      where: Object.values(entries).join(", "),
      cause,
    });
  });
  return [
    textFile(`${folder}/rkt.mjs`, start),
    ...result.outputFiles.map(({ path, contents }): PackedFile => ({
      path,
      mode: 0o644,
      from: { kind: "bytes", bytes: contents },
    })),
  ];
}
