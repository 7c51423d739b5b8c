import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { livingOwner } from "../../engine/pods/owner.ts";
import { inPod } from "../../engine/pods/podFolders.ts";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import { Fault } from "../../errors/fault.ts";
import type { Flavour, Handover, PodPlace, PodToRun } from "../contract.ts";
import { enterMachine, type PodCgroup } from "../machine.ts";
import { fstabOf, rootLine } from "../mounting/fstab.ts";
import { recordCgroups, removeCgroups } from "../podCgroups.ts";
import { networkWords } from "../starting/apart.ts";
import { readNumber, send } from "../starting/processes.ts";
import { flavourProgram } from "../starting/programs.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { ociApps } from "./apps.ts";
import { bundleOf, crun, crunRoot, keepSetting, writeBundle } from "./bundle.ts";
import { firstProcessOf } from "./firstProcess.ts";

/** How long apps have between SIGTERM and SIGKILL. */
const GRACE_SECONDS = 10;

/** Namespaces and cgroups by crun, one process of this project's own to wait for the apps. */
export function ociFlavour(warn: (text: string) => void): Flavour {
  const entered = new Map<string, Promise<PodCgroup>>();
  const enterOnce = (pod: PodPlace & { readonly leader: number }, draft: string): Promise<PodCgroup> => {
    const known = entered.get(pod.uuid);
    if (known !== undefined) return known;
    const entering = enterMachine(pod, warn, (place) => {
      recordCgroups(draft, place);
    });
    entered.set(pod.uuid, entering);
    return entering;
  };
  return {
    name: "oci",
    makesNoNetwork: true,
    begin(pod, draft) {
      // Whoever runs the pod is told.
      enterOnce(pod, draft).catch(() => undefined);
    },
    run: async (pod) => run(pod, await enterOnce(pod, pod.folder)),
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

function run(pod: PodToRun, cgroup: PodCgroup): Handover {
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
  const table = join(pod.folder, "fstab");
  replaceFileSync(table, fstabOf(overlays));
  return {
    program: flavourProgram("oci", "pod"),
    arguments: podWords(pod, cgroup.path, table),
    environment: toolEnvironment(),
  };
}

function podWords(pod: PodToRun, cgroup: string, table: string): readonly string[] {
  return [
    ...["--folder", pod.folder, "--hostname", pod.hostname, "--mounts", table, "--cgroup", cgroup],
    ...["--crun", crun, "--crun-root", crunRoot(pod.folder), "--grace", String(GRACE_SECONDS)],
    ...networkWords(pod.network),
    ...(pod.ipc === "parent" ? [] : ["--ipc"]),
    ...(pod.interactive ? ["--console", join(pod.folder, "oci", ".console")] : []),
    ...(pod.mutable ? ["--stays"] : []),
    "--",
    ...pod.apps.map((app) => app.name),
  ];
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
      ...["--cwd", workingFolderOf(folder, app)],
      app,
      ...command,
    ],
    environment: {
      ...toolEnvironment(),
      ...(process.env["TERM"] !== undefined && { TERM: process.env["TERM"] }),
    },
  };
}

/** A command that enters begins where the app has begun; crun by itself would put it at the top. */
function workingFolderOf(folder: string, app: string): string {
  // Our own record, in a folder that is root's alone.
  const specification = JSON.parse(readFileSync(join(bundleOf(folder, app), "config.json"), "utf8")) as {
    readonly process: { readonly cwd: string };
  };
  return specification.process.cwd;
}

/** The outer process, which every stage0 has become; our own before that, while it makes the pod. */
function stop(folder: string, force: boolean): void {
  const pid = readNumber(join(folder, inPod.parentPid)) ?? livingOwner(folder)?.pid;
  if (pid === undefined) throw new Fault({ what: "the pod has not started yet", where: folder });
  send(pid, force ? "SIGKILL" : "SIGTERM");
}
