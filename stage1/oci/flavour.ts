import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inPod } from "../../engine/pods/podFolders.ts";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import type { Flavour, Handover, PodToRun } from "../contract.ts";
import { enterMachine } from "../machine.ts";
import { fstabOf, rootLine } from "../mounting/fstab.ts";
import { recordCgroups, removeCgroups } from "../podCgroups.ts";
import { flavourProgram } from "../starting/programs.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { ociApps } from "./apps.ts";
import { crun, crunRoot, keepSetting, writeBundle } from "./bundle.ts";
import { firstProcessOf } from "./firstProcess.ts";

/** How long apps have between SIGTERM and SIGKILL. */
const GRACE_SECONDS = 10;

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
    apps: ociApps,
    collect: (pod) => {
      removeCgroups(pod.folder, pod.uuid, pod.apps);
      return Promise.resolve();
    },
  };
}

async function run(pod: PodToRun, warn: (text: string) => void): Promise<Handover> {
  const cgroup = await enterMachine(pod, warn, (place) => {
    recordCgroups(pod.folder, place);
  });
  mkdirSync(join(pod.folder, inPod.statuses), { recursive: true });
  mkdirSync(crunRoot(pod.folder), { recursive: true, mode: 0o700 });
  const setting = { ...pod, cgroup: cgroup.path, hostNetwork: pod.network.kind === "host" };
  keepSetting(setting);
  for (const { name, root } of pod.apps) {
    const app = pod.manifest.apps.find((each) => each.name === name);
    if (app === undefined) throw new Error(`app ${name} is not in the pod's manifest`);
    writeBundle(setting, app, root, pod.interactive);
  }
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
      crun,
      crunRoot(pod.folder),
      ...pod.apps.map((app) => app.name),
    ],
    environment: toolEnvironment(),
  };
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
      crun,
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
