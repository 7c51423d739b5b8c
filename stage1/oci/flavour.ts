import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cpuLimit, cpuShares, memoryLimit, oomScoreAdj } from "../../engine/appc/isolators.ts";
import type { RuntimeApp } from "../../engine/appc/podManifest.ts";
import { inPod } from "../../engine/pods/podFolders.ts";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import { Fault } from "../../errors/fault.ts";
import { environmentOf } from "../appEnvironment.ts";
import { nameFiles, volumeMounts } from "../appMounts.ts";
import { resolveAppUser } from "../appUser.ts";
import { capabilitiesOf, capabilitiesOfMask, type Capability } from "../capabilities.ts";
import type { AppToRun, Flavour, Handover, PodToRun } from "../contract.ts";
import { fstabOf, rootLine } from "../mounting/fstab.ts";
import { enterMachine, type PodCgroup } from "../machine.ts";
import { recordCgroups, removeCgroups } from "../podCgroups.ts";
import { flavourProgram } from "../starting/programs.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { seccompFilterOf } from "../seccomp.ts";
import { containerSpecification, type Limits } from "./specification.ts";

/** How long apps have between SIGTERM and SIGKILL. */
const GRACE_SECONDS = 10;
const CRUN = "/usr/bin/crun";

/** Where crun keeps what it knows, in the pod's folder: it goes when the pod goes. */
const crunRoot = (folder: string): string => join(folder, "oci", ".crun");

/**
 * Inside the pod's new namespaces, in its folder: mounts the apps' roots, names the pod, and becomes its first process.
 * An app that may be typed to has a terminal of its own; any other finds no input.
 */
const startScript = `[ ! -s fstab ] || mount --all --fstab fstab || exit 254
printf %s "$1" >/proc/sys/kernel/hostname || exit 254
shift
exec "$@" </dev/null`;

/** Namespaces and cgroups by crun, one process of this project's own to wait for the apps. */
export function ociFlavour(warn: (text: string) => void): Flavour {
  return {
    name: "oci",
    run: (pod) => run(pod, warn),
    enter: (pod, app, command) => Promise.resolve(enter(pod.folder, app, command)),
    stop: (pod, force) => {
      stop(pod.folder, force);
      return Promise.resolve();
    },
    collect: (pod) => {
      removeCgroups(pod.folder, pod.uuid, pod.apps);
      return Promise.resolve();
    },
  };
}

async function run(pod: PodToRun, warn: (text: string) => void): Promise<Handover> {
  const own = ownCapabilities();
  const cgroup = await enterMachine(pod.uuid, pod.folder, warn, (place) => {
    recordCgroups(pod.folder, place);
  });
  mkdirSync(join(pod.folder, inPod.statuses), { recursive: true });
  mkdirSync(crunRoot(pod.folder), { recursive: true, mode: 0o700 });
  for (const app of pod.apps) writeBundle(pod, app, cgroup, own);
  // Copies are in place; what is read-only is crun's to say.
  const overlays = pod.apps.flatMap(({ root }) => (root.kind === "overlay" ? [rootLine(root, false)] : []));
  replaceFileSync(join(pod.folder, "fstab"), fstabOf(overlays));
  const program = flavourProgram("oci", "pod");
  const console = pod.interactive ? join(pod.folder, "oci", ".console") : "-";
  return {
    program,
    arguments: [
      "outer",
      pod.folder,
      inPod.parentPid,
      console,
      ...(pod.network.kind === "own" ? ["/usr/bin/nsenter", `--net=${pod.network.path}`, "--"] : []),
      "/usr/bin/unshare",
      "--mount",
      "--uts",
      ...(pod.ipc === "parent" ? [] : ["--ipc"]),
      "--pid",
      "--fork",
      "--kill-child=SIGKILL",
      "--mount-proc",
      "--propagation",
      "slave",
      ...["/bin/sh", "-c", startScript, "rkt-start", pod.hostname],
      program,
      "inner",
      String(GRACE_SECONDS),
      pod.mutable ? "1" : "0",
      console,
      CRUN,
      crunRoot(pod.folder),
      ...pod.apps.map((app) => app.name),
    ],
    environment: toolEnvironment(),
  };
}

function writeBundle(
  pod: PodToRun,
  { name, root }: AppToRun,
  cgroup: PodCgroup,
  own: readonly Capability[],
): void {
  const runtimeApp = pod.manifest.apps.find((each) => each.name === name);
  const app = runtimeApp?.app;
  if (runtimeApp === undefined || app === undefined)
    throw new Error(`app ${name} is not in the pod's manifest`);
  // Looked up in the shared tree: the overlay over it is mounted only inside the pod.
  const user = resolveAppUser(root.kind === "overlay" ? root.lower : root.target, app);
  const terminal = pod.interactive;
  const bundle = join(pod.folder, "oci", name);
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  const specification = containerSpecification({
    app,
    rootfs: root.target,
    readOnlyRootfs: runtimeApp.readOnlyRootFS,
    user,
    environment: environmentOf({
      name,
      app,
      user,
      terminal,
      ...(pod.metadataUrl !== undefined && { metadataUrl: pod.metadataUrl }),
    }),
    capabilities: capabilitiesOf(app, pod.insecure.capabilities, own),
    seccomp: seccompFilterOf(app, pod.insecure.seccomp),
    mounts: [...nameFiles(pod), ...volumeMounts(pod, runtimeApp)],
    limits: limitsOf(runtimeApp),
    cgroup: join(cgroup.path, `app-${name}`),
    terminal,
    pathsUnprotected: pod.insecure.paths,
    hostNetwork: pod.network.kind === "host",
  });
  replaceFileSync(join(bundle, "config.json"), JSON.stringify(specification), { mode: 0o600 });
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

/** The pod's first process as the host numbers it: the only child of what waits for it. */
export function firstProcessOf(folder: string): number {
  const parent = readFileSync(join(folder, inPod.parentPid), "utf8").trim();
  const child = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ")[0] ?? "";
  if (!/^\d+$/.test(child))
    throw new Fault({ what: "the pod has not started yet, or has just ended", where: folder });
  return Number(child);
}

/** crun joins the app's namespaces and cgroup, and gives the command the app's own capabilities, filter and user. */
function enter(folder: string, app: string, command: readonly string[]): Handover {
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  return {
    program: "/usr/bin/nsenter",
    arguments: [
      "--target",
      String(firstProcessOf(folder)),
      "--mount",
      "--uts",
      "--ipc",
      "--net",
      "--pid",
      "--",
      CRUN,
      "--root",
      crunRoot(folder),
      "--cgroup-manager=cgroupfs",
      "exec",
      ...(terminal ? ["--tty"] : []),
      app,
      ...command,
    ],
    environment: {
      ...toolEnvironment(),
      ...(process.env["TERM"] !== undefined && { TERM: process.env["TERM"] }),
    },
  };
}

function stop(folder: string, force: boolean): void {
  const owner = Number(readFileSync(join(folder, inPod.owner), "utf8").split(" ")[0]);
  process.kill(owner, force ? "SIGKILL" : "SIGTERM");
}
