/** Small programs in C, compiled for the package's architecture. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { Stage1Program } from "../../stage1/image.ts";
import { type Architecture, compilerOf } from "./architecture.ts";
import type { BuildCache } from "./buildCache.ts";
import { runTool } from "./tool.ts";

const remedy = "tools/bootstrap.sh package   brings the compilers of both architectures";

export async function compileHelper(
  cache: BuildCache,
  { source, static: isStatic = true }: Stage1Program,
  architecture: Architecture,
): Promise<string> {
  const compiler = compilerOf[architecture];
  const folder = dirname(source);
  const flags = [
    "-Os",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-s",
    ...(isStatic ? ["-static"] : []),
    // The checkout's place must not show in the bytes.
    `-ffile-prefix-map=${folder}=.`,
    "-Wl,--build-id=none",
  ];
  const version = await runTool(compiler, ["--version"], { remedy });
  const key = [
    compiler,
    version,
    flags.filter((flag) => !flag.includes(folder)).join(" "),
    ...(await withIncluded(source)).values(),
  ];
  return cache.get("programs", key, async (draft) => {
    await runTool(compiler, [...flags, "-o", draft, source], { remedy });
  });
}

/** The text of a source and of all that it includes by a name in quotes, by path. */
export async function withIncluded(
  source: string,
  read = new Map<string, string>(),
): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(source, "utf8");
  read.set(source, text);
  for (const [, name = ""] of text.matchAll(/^#include "([^"]+)"/gm)) {
    const included = join(dirname(source), name);
    if (!read.has(included)) await withIncluded(included, read);
  }
  return read;
}
