import { basename, dirname } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { Flavour } from "../../stage1/contract.ts";
import type { EngineContext } from "../context.ts";
import { flavourNames } from "./flavourOfPod.ts";
import type { Stage1Choice } from "./requests.ts";

const DEFAULT: Flavour["name"] = "oci";
const imageName = /^(?:coreos\.com\/rkt\/)?stage1-([a-z0-9]+)(?::[^,]*)?(?:,.*)?$/;
const fileName = /^stage1-([a-z0-9]+)\.aci$/;

/** Which flavour a pod shall have: what was asked for on the command line, else what the configuration says. */
export function chooseStage1(
  choice: Stage1Choice,
  { configuration, folders }: Pick<EngineContext, "configuration" | "folders">,
): Flavour["name"] {
  switch (choice.from) {
    case "default":
      return configured(configuration.stage1, folders.library);
    case "name":
      return flavourOf(imageName.exec(choice.value)?.[1], choice.value);
    case "folder":
      return flavourOf(fileName.exec(choice.fileName)?.[1], choice.fileName);
    case "path":
      return flavourOfFile(choice.value, folders.library);
    case "url":
    case "hash":
      return refuse(choice.value);
  }
}

function configured(stage1: EngineContext["configuration"]["stage1"], library: string): Flavour["name"] {
  if (stage1.name !== undefined) return flavourOf(imageName.exec(stage1.name)?.[1], stage1.name);
  if (stage1.location !== undefined) return flavourOfFile(stage1.location.replace(/^file:\/\//, ""), library);
  return DEFAULT;
}

/** The package's own images need no signature: they came with what would check it. */
function flavourOfFile(path: string, library: string): Flavour["name"] {
  if (dirname(path) !== `${library}/stage1-images`) return refuse(path);
  return flavourOf(fileName.exec(basename(path))?.[1], path);
}

function flavourOf(word: string | undefined, asked: string): Flavour["name"] {
  // Upstream calls the flavour that is built from CoreOS' systemd by that name; it isolates as `host` does.
  const flavour = flavourNames.find((name) => name === (word === "coreos" ? "host" : word));
  return flavour ?? refuse(asked);
}

function refuse(asked: string): never {
  throw new Fault({
    what: "this stage1 cannot be run",
    got: asked,
    allowed: flavourNames.map((name) => `stage1-${name}.aci`).join(", "),
    remedy: "use --stage1-from-dir= with one of these",
  });
}
