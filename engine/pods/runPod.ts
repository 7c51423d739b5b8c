import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { PodNetwork, PortForward } from "../network/podNetwork.ts";
import { podNameFiles, type NameResolution } from "../network/nameResolution.ts";
import { forwardedPorts } from "../network/ports.ts";
import { replaceFileSync } from "../wholeFiles.ts";
import { streamsOf } from "../../stage1/attaching/streams.ts";
import type { Flavour, Handover, PodToRun } from "../../stage1/contract.ts";
import { enforceable } from "../../stage1/enforcement.ts";
import type { PodManifest } from "../appc/podManifest.ts";
import { appRoot, stage1Root } from "./appRoot.ts";

import { inPod, mutableAnnotation } from "./podFolders.ts";
import type { PodParts } from "./parts.ts";
import { preparePod, type PreparedPod } from "./preparePod.ts";
import { privateUsersOf } from "./userRange.ts";
import { recordJournal } from "./journal.ts";
import { refuseUnregistered, registerIfAsked } from "./registerPod.ts";
import type { RunRequest, StartRequest } from "./requests.ts";

/** `rkt run`: prepares a pod and becomes it. Returns only where that fails. */
export async function runPod(parts: PodParts, request: RunRequest): Promise<never> {
  const { uuidFileSave } = request;
  await refuseUnregistered(request.start);
  const prepared = await preparePod(parts, request.prepare, "run", (uuid) => {
    if (uuidFileSave !== undefined) replaceFileSync(uuidFileSave, uuid);
  });
  return await becomePod(parts, prepared, request.start);
}

/** Gives a prepared pod its network and its files, and turns this process into it. */
export async function becomePod(parts: PodParts, prepared: PreparedPod, start: StartRequest): Promise<never> {
  const handover = await startPod(parts, prepared, start);
  return turnInto(handover);
}

export function turnInto({ program, arguments: words, environment }: Handover): never {
  // Where the kernel refuses, Node ends with a trace of its own inside: better to say beforehand what is missing.
  try {
    accessSync(program, constants.X_OK);
  } catch (error) {
    throw new Fault({
      what: "a program that the pod starts with cannot be run",
      where: program,
      cause: error,
      remedy: "install the engine's package again, with what it depends on",
    });
  }
  // As at an end that Node sees itself: whoever keeps something until then gets to write it.
  process.emit("beforeExit", 0);
  if (process.execve === undefined) throw new Error("this Node cannot replace itself");
  return process.execve(program, [program, ...words], environment);
}

async function startPod(parts: PodParts, prepared: PreparedPod, start: StartRequest): Promise<Handover> {
  const flavour = await parts.flavour(prepared.flavour);
  const ports = forwardedPorts(prepared.manifest);
  const wanted = networkWanted(flavour, start, ports);
  try {
    const network: PodNetwork =
      wanted === "joined"
        ? await (
            await parts.networking()
          ).setUp(prepared.folder, prepared.uuid, { networks: start.networks, ports })
        : { kind: wanted };
    const { names } = start;
    const users = privateUsersOf(prepared.folder);
    const files = podNameFiles(names, dnsOf(network), hostFiles(names));
    if (files.resolvConf !== undefined)
      replaceFileSync(join(prepared.folder, inPod.resolvConf), files.resolvConf);
    if (files.hosts !== undefined) replaceFileSync(join(prepared.folder, inPod.hosts), files.hosts);
    recordJournal(prepared.folder);
    const { apps, warnings } = enforceable(prepared.manifest.apps, flavour.name);
    for (const warning of warnings) parts.context.report.warn(warning);
    return await flavour.run({
      uuid: prepared.uuid,
      leader: process.pid,
      folder: prepared.folder,
      manifest: { ...prepared.manifest, apps },
      apps: prepared.manifest.apps.map(({ name }) => ({
        name,
        root: appRoot(parts.context.folders.data, prepared.folder, name),
      })),
      network,
      networks: start.networks,
      ...(flavour.name === "foreign" && {
        stage1Root: stage1Root(parts.context.folders.data, prepared.folder),
      }),
      hostname: start.hostname ?? `rkt-${prepared.uuid}`,
      insecure: parts.context.insecure,
      interactive: isInteractive(start, prepared.manifest),
      ...(users !== undefined && { userNamespace: users }),
      mutable: prepared.manifest.annotations.some(
        ({ name, value }) => name === mutableAnnotation && value === "true",
      ),
      debug: parts.context.debug,
      ...(await registerIfAsked(parts, prepared, start, network)),
      ipc: start.ipc,
      resolvConf: files.resolvConf !== undefined ? "stage0" : "none",
      hosts: files.hosts !== undefined ? "stage0" : "default",
    } satisfies PodToRun);
  } catch (error) {
    // gc would find what there is; taking it away now leaves the address to the next pod.
    if (wanted === "joined") await (await parts.networking()).tearDown(prepared.folder, prepared.uuid);
    throw error;
  }
}

/**
 * A foreign stage1 makes its network itself. An agent of the host's, which is what fly is for, has the host's unless it
 * is given another one by name.
 */
function networkWanted(
  { name, makesNoNetwork }: Pick<Flavour, "name" | "makesNoNetwork">,
  { networks }: StartRequest,
  ports: readonly PortForward[],
): "host" | "none" | "joined" {
  const includes = (wanted: string): boolean => networks.some((network) => network.name === wanted);
  if (name === "foreign" || includes("host")) return "host";
  if (name === "fly" && networks.every((network) => network.name === "default")) return "host";
  return includes("none") && makesNoNetwork && ports.length === 0 ? "none" : "joined";
}

/** Asked for when the pod starts, or by its only app. */
function isInteractive(start: StartRequest, { apps }: PodManifest): boolean {
  const asked = start.interactive || apps.some((app) => streamsOf(app).stdin === "interactive");
  if (asked && apps.length > 1) throw new Fault({ what: "interactive option only supports one image" });
  return asked;
}

/** What the networks' plugins say of name servers. */
function dnsOf(network: PodNetwork): Parameters<typeof podNameFiles>[1] {
  return network.kind === "own" && network.dns !== undefined
    ? { name: network.dns.network, dns: network.dns.settings }
    : {};
}

/** Copied when the pod starts, as they are then. */
function hostFiles(names: NameResolution): { readonly resolvConf?: string; readonly hosts?: string } {
  return {
    ...(names.resolvConf === "host" && { resolvConf: readFileSync("/etc/resolv.conf", "utf8") }),
    ...(names.hosts === "host" && { hosts: readFileSync("/etc/hosts", "utf8") }),
  };
}
