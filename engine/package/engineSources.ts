/** Where the package's parts come from in a checkout. */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { availableCommands } from "../cli/available.ts";
import { bashCompletion, manPages } from "../cli/manPages.ts";
import { stage1Image as fly } from "../../stage1/fly/image.ts";
import { stage1Image as host } from "../../stage1/host/image.ts";
import { stage1Image as kvm } from "../../stage1/kvm/image.ts";
import { stage1Image as oci } from "../../stage1/oci/image.ts";
import type { Stage1Image } from "../../stage1/image.ts";

export interface EngineSources {
  /** The module that is the command `rkt`. */
  readonly engine: string;
  /** The module behind the entry points of our stage1 images, which a foreign stage0 calls. */
  readonly stage1Entry?: string;
  readonly subcommands: readonly string[];
  /** By file name, as in `rkt-run.1`. */
  readonly manuals: ReadonlyMap<string, string>;
  readonly completion: string;
  readonly flavours: readonly { readonly name: string; readonly image: Stage1Image }[];
  /** Who holds the rights, and under which licence. */
  readonly copyright: string;
}

export function sourcesOf(checkout: string): EngineSources {
  const stage1Entry = join(checkout, "stage1/main.ts");
  return {
    engine: join(checkout, "engine/main.ts"),
    ...(existsSync(stage1Entry) ? { stage1Entry } : {}),
    subcommands: availableCommands.map(({ name }) => name),
    manuals: manPages(),
    completion: bashCompletion(),
    flavours: [
      { name: "oci", image: oci() },
      { name: "host", image: host() },
      { name: "fly", image: fly() },
      { name: "kvm", image: kvm() },
    ],
    copyright: "Rktnetes, by its contributors, under the Apache License, Version 2.0.",
  };
}
