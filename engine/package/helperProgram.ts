/** Small programs in C, compiled for the package's architecture. */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

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
  // Headers of its folder may be included by any source there.
  const headers = (await readdir(folder)).filter((name) => name.endsWith(".h")).sort();
  const texts = await Promise.all(
    [basename(source), ...headers].map((name) => readFile(join(folder, name), "utf8")),
  );
  const key = [compiler, version, flags.filter((flag) => !flag.includes(folder)).join(" "), ...texts];
  return cache.get("programs", key, async (draft) => {
    await runTool(compiler, [...flags, "-o", draft, source], { remedy });
  });
}
