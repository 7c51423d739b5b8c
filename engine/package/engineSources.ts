/** Where the package's parts come from in a checkout. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { stage1Image as fly } from "../../stage1/fly/image.ts";
import type { Stage1Image } from "../../stage1/image.ts";

export interface EngineSources {
  /** The module that is the command `rkt`. */
  readonly engine: string;
  /** The module behind the entry points of our stage1 images, which a foreign stage0 calls. */
  readonly stage1Entry?: string;
  readonly subcommands: readonly string[];
  /** By file name, as in `rkt-run.1`. */
  readonly manuals: ReadonlyMap<string, string>;
  readonly completion?: string;
  readonly flavours: readonly { readonly name: string; readonly image: Stage1Image }[];
  /** Who holds the rights, and under which licence. */
  readonly copyright: string;
}

export function sourcesOf(checkout: string): EngineSources {
  const stage1Entry = join(checkout, "stage1/main.ts");
  return {
    engine: join(checkout, "engine/main.ts"),
    ...(existsSync(stage1Entry) ? { stage1Entry } : {}),
    subcommands: subcommandsIn(join(checkout, "engine/cli/commands")),
    manuals: new Map(),
    flavours: [{ name: "fly", image: fly() }],
    copyright: "Rktnetes, by its contributors, under the Apache License, Version 2.0.",
  };
}

/** One file each, named as people type it or in camel case. */
function subcommandsIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.slice(0, -".ts".length).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
}
