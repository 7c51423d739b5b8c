/**
 * `rktnetes:lab:NspawnHost` and `rktnetes:lab:KvmHost`: throw-away Debian hosts on this machine, reachable by
 * ssh as root or as `operator` (who has sudo) with the network's key. Address and name are inputs, and so known
 * beforehand.
 */
import type { z } from "zod";
import { labFolders } from "../../lab/folders.ts";
import {
  createKvmHost,
  createNspawnHost,
  deleteHost,
  readHost,
  type HostSpec,
  type LabHost,
} from "../../lab/hosts.ts";
import type { LabOptions } from "../../lab/options.ts";
import { assertLabPossible } from "../../lab/preflight.ts";
import { PartialFailure, type OperationContext, type ResourceKind } from "../protocol/resource.ts";
import { revealProperties, UNKNOWN, type Properties } from "../protocol/value.ts";
import { inputChanges } from "./changes.ts";
import { labOptions } from "./options.ts";
import { checked, kvmHostDefaults, kvmHostInputs, nspawnHostDefaults, nspawnHostInputs } from "./schemas.ts";

interface HostKind<Spec extends HostSpec> {
  readonly token: string;
  readonly kind: LabHost["kind"];
  readonly schema: z.ZodType<Spec>;
  readonly defaults: Properties;
  readonly create: (spec: Spec, options: LabOptions) => Promise<LabHost>;
}

export const nspawnHostKind = hostKind({
  token: "rktnetes:lab:NspawnHost",
  kind: "nspawn",
  schema: nspawnHostInputs,
  defaults: nspawnHostDefaults,
  create: createNspawnHost,
});

/** Another size is an update in place: the host is powered off and started again with it. */
export const kvmHostKind = hostKind({
  token: "rktnetes:lab:KvmHost",
  kind: "kvm",
  schema: kvmHostInputs,
  defaults: kvmHostDefaults,
  create: createKvmHost,
});

function hostKind<Spec extends HostSpec>(of: HostKind<Spec>): ResourceKind {
  const identity = ["name", "network", "address", "release"];
  return {
    token: of.token,

    check: (news) => Promise.resolve(checked(of.schema, of.defaults, news)),

    async diff(args) {
      const changes = inputChanges(args, identity);
      const stables = [...identity, "hostKeys"];
      if (Object.values(changes).some(({ kind }) => kind.endsWith("-replace"))) {
        return { changes, deleteBeforeReplace: true };
      }
      if (isAbandoned(args.news)) return { changes, stables };
      // A look at this machine's own processes; the host is not dialled.
      const status = (await found(args.id))?.status ?? "gone";
      if (status === "running") return { changes, stables };
      changes["status"] = { kind: "update", inputDiff: false };
      const line = status === "stopped" ? "is stopped: it will be started" : "is gone: it will be made anew";
      return {
        changes,
        lines: [`lab host "${args.id}" ${line}`],
        ...(status === "stopped" ? { stables } : {}),
      };
    },

    async create(inputs, context) {
      if (context.preview) return { id: context.name, outputs: planned(inputs, undefined) };
      const host = await bringAbout(of, inputs, context);
      return { id: idOf(host), outputs: outputsOf(host) };
    },

    async read({ id, outputs: recorded, inputs }) {
      const host = await found(id);
      // Forgotten, it would be made anew by the next run.
      if (host === undefined && isAbandoned(inputs)) return { id, outputs: recorded, inputs };
      if (host === undefined) return { id: "", outputs: {}, inputs: {} };
      const outputs = outputsOf(host);
      const imported = Object.entries(outputs).filter(([key]) => key !== "hostKeys" && key !== "status");
      return {
        id,
        outputs,
        inputs: Object.keys(inputs).length === 0 ? Object.fromEntries(imported) : inputs,
      };
    },

    async update({ id, olds, news }, context) {
      if (isAbandoned(news)) return abandoned(news, olds, (await found(id))?.status ?? "gone");
      if (context.preview) return planned(news, await found(id));
      return outputsOf(await bringAbout(of, news, context));
    },

    async delete({ id }, context) {
      const [network = "", name = ""] = id.split("/");
      await deleteHost(network, name, labOptions(context));
    },
  };
}

function idOf(host: Pick<HostSpec, "network" | "name">): string {
  return `${host.network}/${host.name}`;
}

async function found(id: string): Promise<LabHost | undefined> {
  const [network = "", name = ""] = id.split("/");
  return readHost(network, name, labFolders());
}

async function bringAbout<Spec extends HostSpec>(
  of: HostKind<Spec>,
  inputs: Properties,
  context: OperationContext,
): Promise<LabHost> {
  await assertLabPossible(of.kind);
  const spec = of.schema.parse(revealProperties(inputs));
  try {
    return await of.create(spec, labOptions(context));
  } catch (error) {
    const made = await found(idOf(spec));
    // Made, but not up: it is recorded, so that it can be deleted. Another's host of that name is not.
    const ours = made?.kind === of.kind && made.address === spec.address && made.release === spec.release;
    if (!ours || !(error instanceof Error)) throw error;
    throw new PartialFailure(idOf(spec), outputsOf(made), inputs, error);
  }
}

function outputsOf(host: LabHost): Properties {
  const { name, network, address, release, hostKeys, status, memoryMiB, cpus } = host;
  const size = memoryMiB === undefined || cpus === undefined ? {} : { memoryMiB, cpus };
  return { name, network, address, release, ...size, hostKeys, status };
}

/** The user has said that this host is gone for good: it is neither started nor made anew. */
function isAbandoned(inputs: Properties): boolean {
  return inputs["abandon"] === true;
}

function abandoned(inputs: Properties, olds: Properties, status: string): Properties {
  return { ...inputs, hostKeys: olds["hostKeys"] ?? [], status };
}

/** Only a host that exists has its keys already. */
function planned(inputs: Properties, host: LabHost | undefined): Properties {
  return { ...inputs, hostKeys: host?.hostKeys ?? UNKNOWN, status: "running" };
}
