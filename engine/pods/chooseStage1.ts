import { basename, dirname, join, resolve } from "node:path";
import type { EngineContext } from "../context.ts";
import { flavourNames } from "./flavourOfPod.ts";
import type { Stage1Choice } from "./requests.ts";

const DEFAULT = "oci";
const imageName = /^(?:coreos\.com\/rkt\/)?stage1-([a-z0-9]+)(?::[^,]*)?(?:,.*)?$/;
const fileName = /^stage1-([a-z0-9]+)\.aci$/;

/** What isolates a pod, as far as words tell it: a flavour that the package brought, or an image to be had. */
export type Stage1Words =
  | { readonly from: "package"; readonly flavour: (typeof flavourNames)[number] }
  /** An image by id, or by whatever `rkt fetch` takes. */
  | { readonly from: "hash" | "reference"; readonly value: string };

/** What was asked for on the command line, else what the configuration says. */
export function chooseStage1(
  choice: Stage1Choice,
  { configuration, folders }: Pick<EngineContext, "configuration" | "folders">,
): Stage1Words {
  const packaged = `${folders.library}/stage1-images`;
  switch (choice.from) {
    case "default":
      return configured(configuration.stage1, packaged);
    case "name":
      return ownFlavour(imageName, choice.value) ?? { from: "reference", value: choice.value };
    case "folder":
      return ofFile(join(configuration.paths.stage1Images ?? packaged, choice.fileName), packaged);
    case "path":
      return ofFile(resolve(choice.value), packaged);
    case "url":
      return ofUrl(choice.value, packaged);
    case "hash":
      return { from: "hash", value: choice.value };
  }
}

function configured(
  { name, version, location }: EngineContext["configuration"]["stage1"],
  packaged: string,
): Stage1Words {
  if (name !== undefined) {
    const own = ownFlavour(imageName, name);
    if (own !== undefined) return own;
  }
  if (location !== undefined) return ofUrl(location, packaged);
  if (name !== undefined) return { from: "reference", value: `${name}:${version ?? "latest"}` };
  return { from: "package", flavour: DEFAULT };
}

function ofUrl(url: string, packaged: string): Stage1Words {
  if (url.startsWith("file://")) return ofFile(url.slice("file://".length), packaged);
  return url.startsWith("/") ? ofFile(url, packaged) : { from: "reference", value: url };
}

/** The package's own images need no signature: they came with what would check it. */
function ofFile(path: string, packaged: string): Stage1Words {
  const own = dirname(path) === packaged ? ownFlavour(fileName, basename(path)) : undefined;
  return own ?? { from: "reference", value: path };
}

function ownFlavour(pattern: RegExp, text: string): Stage1Words | undefined {
  const word = pattern.exec(text)?.[1];
  // Upstream calls the flavour that is built from CoreOS' systemd by that name; it isolates as `host` does.
  const flavour = flavourNames.find((name) => name === (word === "coreos" ? "host" : word));
  return flavour === undefined ? undefined : { from: "package", flavour };
}
