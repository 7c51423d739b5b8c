/**
 * `rktnetes:lab:Network`: a bridge on the operator's machine for throw-away hosts, with the key that logs in
 * to them. Deleting it sweeps every host that is left on it.
 */
import { deleteNetwork } from "../../lab/hosts.ts";
import { networkNames } from "../../lab/names.ts";
import { labFolders, networkFolder } from "../../lab/folders.ts";
import { createNetwork, readNetwork, recordedNetwork, type Network } from "../../lab/network.ts";
import { assertLabPossible } from "../../lab/preflight.ts";
import { parseSubnet } from "../../lab/subnet.ts";
import type { OperationContext, ResourceKind } from "../protocol/resource.ts";
import { revealProperties, Secret, UNKNOWN, type Properties, type Value } from "../protocol/value.ts";
import { inputChanges } from "./changes.ts";
import { labOptions } from "./options.ts";
import { checked, networkDefaults, networkInputs } from "./schemas.ts";

export const networkKind: ResourceKind = {
  token: "rktnetes:lab:Network",

  check: (news) => Promise.resolve(checked(networkInputs, networkDefaults, news)),

  async diff(args) {
    const changes = inputChanges(args, ["name", "subnet"]);
    // A look at this machine's own interfaces; no host is dialled.
    if (Object.keys(changes).length === 0 && (await statusOf(args.id)) === "down") {
      changes["status"] = { kind: "update", inputDiff: false };
      return {
        changes,
        lines: [`lab network "${args.id}" is not set up on this machine: it will be set up again`],
      };
    }
    return { changes, deleteBeforeReplace: true };
  },

  async create(inputs, context) {
    if (context.preview) return { id: textOr(inputs["name"]), outputs: await planned(inputs) };
    const network = await bringAbout(inputs, context);
    return { id: network.name, outputs: outputsOf(network) };
  },

  async read({ id, inputs }) {
    const network = await recordedNetwork(id, labFolders());
    if (network === undefined) return { id: "", outputs: {}, inputs: {} };
    const found = Object.keys(inputs).length === 0 ? { name: network.name, subnet: network.subnet } : inputs;
    return { id, outputs: { ...outputsOf(network), status: await statusOf(id) }, inputs: found };
  },

  async update({ news }, context) {
    if (context.preview) return planned(news);
    return outputsOf(await bringAbout(news, context));
  },

  async delete({ id }, context) {
    await deleteNetwork(id, labOptions(context));
  },
};

async function bringAbout(inputs: Properties, context: OperationContext): Promise<Network> {
  await assertLabPossible();
  return createNetwork(networkInputs.parse(revealProperties(inputs)), labOptions(context));
}

async function statusOf(name: string): Promise<"up" | "down"> {
  return (await readNetwork(name, labFolders())) === undefined ? "down" : "up";
}

function outputsOf(network: Network): Properties {
  return {
    name: network.name,
    subnet: network.subnet,
    gateway: network.gateway,
    bridge: network.bridge,
    publicKey: network.publicKey,
    privateKey: new Secret(network.privateKey),
    status: "up",
  };
}

/** All but the keys is known beforehand; and the keys too, when the network is only mended. */
async function planned(inputs: Properties): Promise<Properties> {
  const parsed = networkInputs.safeParse(revealProperties(inputs));
  if (!parsed.success) {
    const unknown = new Secret(UNKNOWN);
    return {
      ...inputs,
      gateway: UNKNOWN,
      bridge: UNKNOWN,
      publicKey: UNKNOWN,
      privateKey: unknown,
      status: "up",
    };
  }
  const { name, subnet } = parsed.data;
  const known = await recordedNetwork(name, labFolders());
  if (known?.subnet === subnet) return outputsOf(known);
  return {
    name,
    subnet,
    gateway: parseSubnet(subnet).gateway,
    bridge: networkNames(networkFolder(labFolders(), name)).bridge,
    publicKey: UNKNOWN,
    privateKey: new Secret(UNKNOWN),
    status: "up",
  };
}

function textOr(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
