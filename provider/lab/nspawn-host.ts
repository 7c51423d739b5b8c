/**
 * `rktnetes:lab:NspawnHost`: a throw-away Debian host on this machine, reachable by ssh as root or as
 * `operator` (who has sudo) with the network's key. Its address and name are inputs, and so known beforehand.
 */
import { labFolders } from "../../lab/folders.ts";
import { createNspawnHost, deleteHost, readHost, type HostSpec, type LabHost } from "../../lab/hosts.ts";
import { assertLabPossible } from "../../lab/preflight.ts";
import { PartialFailure, type OperationContext, type ResourceKind } from "../protocol/resource.ts";
import { revealProperties, UNKNOWN, type Properties } from "../protocol/value.ts";
import { inputChanges } from "./changes.ts";
import { labOptions } from "./options.ts";
import { checked, hostDefaults, nspawnHostInputs } from "./schemas.ts";

export const nspawnHostKind: ResourceKind = {
  token: "rktnetes:lab:NspawnHost",

  check: (news) => Promise.resolve(checked(nspawnHostInputs, hostDefaults, news)),

  async diff(args) {
    const changes = inputChanges(args, ["name", "network", "address", "release"]);
    if (Object.keys(changes).length > 0) return { changes, deleteBeforeReplace: true };
    // A look at this machine's own processes; the host is not dialled.
    const status = (await found(args.id))?.status ?? "gone";
    if (status === "running") return { changes };
    const line = status === "stopped" ? "is stopped: it will be started" : "is gone: it will be made anew";
    return {
      changes: { status: { kind: "update", inputDiff: false } },
      lines: [`lab host "${args.id}" ${line}`],
      ...(status === "stopped" ? { stables: ["name", "network", "address", "release", "hostKeys"] } : {}),
    };
  },

  async create(inputs, context) {
    if (context.preview) return { id: context.name, outputs: planned(inputs, undefined) };
    const host = await bringAbout(inputs, context);
    return { id: idOf(host), outputs: outputsOf(host) };
  },

  async read({ id, inputs }) {
    const host = await found(id);
    if (host === undefined) return { id: "", outputs: {}, inputs: {} };
    const { name, network, address, release } = host;
    const imported = { name, network, address, release };
    return { id, outputs: outputsOf(host), inputs: Object.keys(inputs).length === 0 ? imported : inputs };
  },

  async update({ id, news }, context) {
    if (context.preview) return planned(news, await found(id));
    return outputsOf(await bringAbout(news, context));
  },

  async delete({ id }, context) {
    const [network = "", name = ""] = id.split("/");
    await deleteHost(network, name, labOptions(context));
  },
};

function idOf(host: Pick<HostSpec, "network" | "name">): string {
  return `${host.network}/${host.name}`;
}

async function found(id: string): Promise<LabHost | undefined> {
  const [network = "", name = ""] = id.split("/");
  return readHost(network, name, labFolders());
}

async function bringAbout(inputs: Properties, context: OperationContext): Promise<LabHost> {
  await assertLabPossible();
  const spec = nspawnHostInputs.parse(revealProperties(inputs));
  try {
    return await createNspawnHost(spec, labOptions(context));
  } catch (error) {
    const made = await found(idOf(spec));
    // Made, but not up: it is recorded, so that it can be deleted. Another's host of that name is not.
    const ours = made?.kind === "nspawn" && made.address === spec.address && made.release === spec.release;
    if (!ours || !(error instanceof Error)) throw error;
    throw new PartialFailure(idOf(spec), outputsOf(made), inputs, error);
  }
}

function outputsOf(host: LabHost): Properties {
  const { name, network, address, release, hostKeys, status } = host;
  return { name, network, address, release, hostKeys, status };
}

/** Only a host that exists has its keys already. */
function planned(inputs: Properties, host: LabHost | undefined): Properties {
  return { ...inputs, hostKeys: host?.hostKeys ?? UNKNOWN, status: "running" };
}
