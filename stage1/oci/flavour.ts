import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { livingOwner } from "../../engine/pods/owner.ts";
import { inPod } from "../../engine/pods/podFolders.ts";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import { Fault } from "../../errors/fault.ts";
import type { Flavour, Handover, PodPlace, PodToRun } from "../contract.ts";
import { attachHandover, attachSocket, multiplexer, needsMultiplexer } from "../attaching/attaching.ts";
import { enterMachine, type PodCgroup } from "../machine.ts";
import { fstabOf, rootLine, type FstabLine } from "../mounting/fstab.ts";
import { recordCgroups, removeCgroups } from "../podCgroups.ts";
import { networkWords } from "../starting/apart.ts";
import { readNumber, send } from "../starting/processes.ts";
import { flavourProgram } from "../starting/programs.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { ociApps } from "./apps.ts";
import { bundleOf, crun, crunRoot, keepSetting, writeBundle } from "./bundle.ts";
import { enter } from "./enter.ts";
import { PrivateRoots } from "./privateRoots.ts";

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
    attaching: {
      attach: ({ folder }, app, attachment) => attachHandover(bundleOf(folder, app), attachment),
      socket: ({ folder }, app) => attachSocket(bundleOf(folder, app)),
    },
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
  const own = pod.userNamespace === undefined ? undefined : new PrivateRoots(pod, pod.userNamespace);
  const lines: FstabLine[] = [...(own?.kernelLines() ?? [])];
  for (const { name, root } of pod.apps) {
    const app = pod.manifest.apps.find((each) => each.name === name);
    if (app === undefined) throw new Error(`app ${name} is not in the pod's manifest`);
    const placed = own?.root(root) ?? root;
    writeBundle(setting, app, root, pod.interactive, own?.seenBy(placed));
    // Copies are in place; what is read-only is crun's to say.
    if (placed.kind === "overlay") lines.push(rootLine(placed, false));
  }
  const table = join(pod.folder, "fstab");
  replaceFileSync(table, fstabOf(lines));
  const handover = {
    program: flavourProgram("oci", "pod"),
    arguments: podWords(pod, cgroup.path, table),
    environment: toolEnvironment(),
  };
  return own?.around(handover) ?? handover;
}

function podWords(pod: PodToRun, cgroup: string, table: string): readonly string[] {
  return [
    ...["--folder", pod.folder, "--hostname", pod.hostname, "--mounts", table, "--cgroup", cgroup],
    ...[
      "--crun",
      needsMultiplexer(pod) ? multiplexer() : crun,
      "--crun-root",
      crunRoot(pod.folder),
      "--grace",
      String(GRACE_SECONDS),
    ],
    ...networkWords(pod.network),
    ...(pod.ipc === "parent" ? [] : ["--ipc"]),
    ...(pod.interactive ? ["--console", join(pod.folder, "oci", ".console")] : []),
    ...(pod.mutable ? ["--stays"] : []),
    "--",
    ...pod.apps.map((app) => app.name),
  ];
}

/** The outer process, which every stage0 has become; our own before that, while it makes the pod. */
function stop(folder: string, force: boolean): void {
  const pid = readNumber(join(folder, inPod.parentPid)) ?? livingOwner(folder)?.pid;
  if (pid === undefined) throw new Fault({ what: "the pod has not started yet", where: folder });
  send(pid, force ? "SIGKILL" : "SIGTERM");
}
