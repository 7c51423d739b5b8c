/** Node.js for the package's architecture, by npm, which checks it against the hash in tools/node/package-lock.json. */
import { copyFile, mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

import type { Architecture } from "./architecture.ts";
import { nodeNameOf } from "./architecture.ts";
import type { BuildCache } from "./buildCache.ts";
import { runTool } from "./tool.ts";

const pinned = join(import.meta.dirname, "../../tools/node");

export interface NodeProgram {
  readonly program: string;
  readonly licence: string;
  /** Known by the hash that npm checked, so that 120 MB need not be read again. */
  readonly key: string;
}

export async function provideNode(
  cache: BuildCache,
  architecture: Architecture,
  say: (line: string) => void,
): Promise<NodeProgram> {
  const name = `node-linux-${nodeNameOf[architecture]}`;
  const lock = await readFile(join(pinned, "package-lock.json"), "utf8");
  const { version, integrity } = pinnedIn(lock, name);
  const folder = await cache.get("node", [name, version, integrity], async (draft) => {
    say(`npm: Node.js ${version} for ${architecture} (once; about 120 MB)`);
    const work = `${draft}.npm`;
    await mkdir(work, { recursive: true });
    for (const file of ["package.json", "package-lock.json"])
      await copyFile(join(pinned, file), join(work, file));
    await runTool(
      "npm",
      [
        "ci",
        "--os=linux",
        `--cpu=${nodeNameOf[architecture]}`,
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
      ],
      { cwd: work, remedy: "see that npm reaches its registry, then run it again" },
    );
    await rename(join(work, "node_modules", name), draft);
    await runTool("rm", ["-rf", work], { remedy: `remove ${work}` });
  });
  return {
    program: join(folder, "bin/node"),
    licence: await readFile(join(folder, "LICENSE"), "utf8"),
    key: `${name} ${version} ${integrity}`,
  };
}

export function pinnedIn(
  lock: string,
  name: string,
): { readonly version: string; readonly integrity: string } {
  const parsed: unknown = JSON.parse(lock);
  const entry = property(property(parsed, "packages"), `node_modules/${name}`);
  const version = property(entry, "version");
  const integrity = property(entry, "integrity");
  if (typeof version !== "string" || typeof integrity !== "string")
    throw new Error(`tools/node/package-lock.json pins no ${name}`);
  return { version, integrity };
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}
