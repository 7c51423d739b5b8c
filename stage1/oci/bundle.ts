import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cpuLimit, cpuShares, memoryLimit, oomScoreAdj } from "../../engine/appc/isolators.ts";
import type { RuntimeApp } from "../../engine/appc/podManifest.ts";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import { Fault } from "../../errors/fault.ts";
import { environmentOf } from "../appEnvironment.ts";
import { nameFiles, volumeMounts, type AppMount } from "../appMounts.ts";
import { resolveAppUser } from "../appUser.ts";
import { capabilitiesOf, capabilitiesOfMask, type Capability } from "../capabilities.ts";
import { writeStreams } from "../attaching/attaching.ts";
import { streamLetters, streamsOf } from "../attaching/streams.ts";
import type { AppToRun, PodToRun } from "../contract.ts";
import { seccompFilterOf } from "../seccomp.ts";
import { containerSpecification, type Limits, type OwnUsers } from "./specification.ts";

/** What an app's container takes from its pod. */
export interface PodSetting extends Pick<
  PodToRun,
  "folder" | "manifest" | "insecure" | "resolvConf" | "hosts" | "metadataUrl"
> {
  /** Of the pod; the apps' cgroups are below it. */
  readonly cgroup: string;
  readonly hostNetwork: boolean;
}

export const crun = "/usr/bin/crun";

/** Where crun keeps what it knows, in the pod's folder: it goes when the pod goes. */
export function crunRoot(folder: string): string {
  return join(folder, "oci", ".crun");
}

export function bundleOf(folder: string, app: string): string {
  return join(folder, "oci", app);
}

/** Keeps what an app needs that comes to the pod later; the manifest has a file of its own. */
export function keepSetting(setting: PodSetting): void {
  const { insecure, resolvConf, hosts, metadataUrl, cgroup, hostNetwork } = setting;
  replaceFileSync(
    settingFile(setting.folder),
    JSON.stringify({ insecure, resolvConf, hosts, metadataUrl, cgroup, hostNetwork }),
    { mode: 0o640 },
  );
}

export function readSetting(folder: string, manifest: PodSetting["manifest"]): PodSetting {
  const kept = JSON.parse(readFileSync(settingFile(folder), "utf8")) as Omit<
    PodSetting,
    "folder" | "manifest"
  >;
  return { ...kept, folder, manifest };
}

function settingFile(folder: string): string {
  return join(folder, "oci", ".setting");
}

/** Of a pod with users of its own: where an app finds what it takes from its pod. */
export interface SeenByApp {
  readonly users: OwnUsers;
  readonly rootfs: string;
  readonly source: (mount: AppMount) => string;
}

export function writeBundle(
  pod: PodSetting,
  runtimeApp: RuntimeApp,
  root: AppToRun["root"],
  interactive: boolean,
  seen?: SeenByApp,
): void {
  const { name, app } = runtimeApp;
  if (app === undefined) throw new Error(`app ${name} has nothing to run`);
  // Looked up in the shared tree: the overlay over it is mounted only inside the pod.
  const user = resolveAppUser(root.kind === "overlay" ? root.lower : root.target, app);
  const bundle = bundleOf(pod.folder, name);
  const streams = streamsOf(runtimeApp);
  const letters = streamLetters(streams);
  if (interactive && letters !== undefined) {
    throw new Fault({
      what: `app "${name}" is interactive, so all of its streams are at this terminal`,
      remedy: "leave out either --interactive, or --stdin, --stdout and --stderr",
    });
  }
  const terminal = interactive || streams.stdout === "tty";
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  const mounts = [...nameFiles(pod), ...volumeMounts(pod, runtimeApp)];
  const specification = containerSpecification({
    app,
    rootfs: seen?.rootfs ?? root.target,
    readOnlyRootfs: runtimeApp.readOnlyRootFS,
    user,
    environment: environmentOf({
      name,
      app,
      user,
      terminal,
      ...(pod.metadataUrl !== undefined && { metadataUrl: pod.metadataUrl }),
    }),
    capabilities: capabilitiesOf(app, pod.insecure.capabilities, ownCapabilities()),
    seccomp: seccompFilterOf(app, pod.insecure.seccomp),
    mounts: seen === undefined ? mounts : mounts.map((mount) => ({ ...mount, source: seen.source(mount) })),
    limits: limitsOf(runtimeApp),
    cgroup: join(pod.cgroup, `app-${name}`),
    terminal,
    pathsUnprotected: pod.insecure.paths,
    hostNetwork: pod.hostNetwork,
    ...(seen !== undefined && { users: seen.users }),
  });
  replaceFileSync(join(bundle, "config.json"), JSON.stringify(specification), { mode: 0o600 });
  writeStreams(bundle, letters);
}

function limitsOf({ app }: RuntimeApp): Limits {
  const isolators = app?.isolators ?? [];
  const memory = memoryLimit(isolators);
  const cpu = cpuLimit(isolators);
  const shares = cpuShares(isolators);
  const adjustment = oomScoreAdj(isolators);
  return {
    ...(memory !== undefined && { memoryBytes: Number(memory) }),
    ...(cpu !== undefined && { cpuMillis: Number(cpu) }),
    ...(shares !== undefined && { cpuShares: shares }),
    ...(adjustment !== undefined && { oomScoreAdj: adjustment }),
  };
}

function ownCapabilities(): readonly Capability[] {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return capabilitiesOfMask(bounding?.[1] ?? "0");
}
