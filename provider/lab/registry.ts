/**
 * `rktnetes:lab:Registry`: an image registry at the lab network's gateway, with images built from Debian
 * packages. References carry the key of the recipe as their tag, and so are known beforehand.
 */
import { labFolders } from "../../lab/folders.ts";
import { assertLabPossible } from "../../lab/preflight.ts";
import {
  createRegistry,
  deleteRegistry,
  imageReferences,
  readRegistry,
  type Registry,
} from "../../lab/registry.ts";
import type { Change, OperationContext, ResourceKind } from "../protocol/resource.ts";
import { revealProperties, sameValue, UNKNOWN, type Properties } from "../protocol/value.ts";
import { inputChanges } from "./changes.ts";
import { labOptions } from "./options.ts";
import { checked, registryDefaults, registryInputs } from "./schemas.ts";

export const registryKind: ResourceKind = {
  token: "rktnetes:lab:Registry",

  check: (news) => Promise.resolve(checked(registryInputs, registryDefaults, news)),

  async diff(args) {
    const changes: Record<string, Change> = inputChanges(args, ["network", "address", "port"]);
    if (Object.keys(changes).length > 0) return { changes, deleteBeforeReplace: true };
    const lines: string[] = [];
    const wanted = planned(args.news)["images"] ?? null;
    if (!sameValue(args.olds["images"] ?? null, wanted)) {
      changes["images"] = { kind: "update", inputDiff: false };
      lines.push("the images' recipe has changed: they will be built again");
    }
    if ((await readRegistry(args.id, labFolders()))?.running !== true) {
      changes["status"] = { kind: "update", inputDiff: false };
      lines.push(`the registry of lab network "${args.id}" is stopped: it will be started`);
    }
    return { changes, lines };
  },

  async create(inputs, context) {
    if (context.preview) return { id: context.name, outputs: planned(inputs) };
    const registry = await bringAbout(inputs, context);
    return { id: registry.network, outputs: outputsOf(registry) };
  },

  async read({ id, inputs }) {
    const registry = await readRegistry(id, labFolders());
    if (registry === undefined) return { id: "", outputs: {}, inputs: {} };
    const [address = "", port = ""] = registry.host.split(":");
    const imported = { network: id, address, port: Number(port), images: Object.keys(registry.images) };
    return {
      id,
      outputs: { ...outputsOf(registry), status: registry.running ? "running" : "stopped" },
      inputs: Object.keys(inputs).length === 0 ? imported : inputs,
    };
  },

  async update({ news }, context) {
    return context.preview ? planned(news) : outputsOf(await bringAbout(news, context));
  },

  async delete({ id }, context) {
    await deleteRegistry(id, labOptions(context));
  },
};

async function bringAbout(inputs: Properties, context: OperationContext): Promise<Registry> {
  await assertLabPossible();
  return createRegistry(registryInputs.parse(revealProperties(inputs)), labOptions(context));
}

function outputsOf({ network, host, server, images }: Registry): Properties {
  return { network, host, server, images, status: "running" };
}

function planned(inputs: Properties): Properties {
  const parsed = registryInputs.safeParse(revealProperties(inputs));
  if (!parsed.success) return { host: UNKNOWN, server: UNKNOWN, images: UNKNOWN, status: "running" };
  const { network, address, port, images } = parsed.data;
  const host = `${address}:${port}`;
  return outputsOf({ network, host, server: `http://${host}`, images: imageReferences(host, images) });
}
