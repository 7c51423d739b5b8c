/**
 * A stage1 that somebody else made, run by the published interface: an image whose annotations name its entry points.
 * They are started in the pod's folder, where the image's root and the apps' roots are mounted in a mount namespace of
 * the pod's own.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseImageManifest } from "../../engine/appc/parseImageManifest.ts";
import { inPod } from "../../engine/pods/podFolders.ts";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import { Fault } from "../../errors/fault.ts";
import type { AppToRun, Flavour, Handover, PodToRun } from "../contract.ts";
import { fstabOf, rootLine } from "../mounting/fstab.ts";
import { readNumber, send } from "../starting/processes.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";

type EntryPoint = "run" | "enter" | "gc" | "stop";

/** $1 the table of mounts; then the entry point. Its lock on the pod's folder ends with the last process that has it. */
const runScript = `mount --all --fstab "$1" || exit 254
shift
exec 9<. && flock --nonblock 9 || exit 254
RKT_LOCK_FD=9 exec "$@"`;

const mountedScript = `mount --all --fstab "$1" || exit 254
shift
exec "$@"`;

const isolated = ["--mount", "--propagation", "slave", "--", "/bin/sh", "-c"];

export const foreign: Flavour = {
  name: "foreign",
  makesNoNetwork: false,
  run: (pod) => Promise.resolve(run(pod)),
  enter(pod, app, command) {
    const pid = podProcess(pod.folder);
    return Promise.resolve({
      program: "/usr/bin/nsenter",
      arguments: [
        ...[`--target=${pid.waiting}`, "--mount", `--wdns=${pod.folder}`, "--"],
        ...[entryPoint(pod.folder, "enter"), `--pid=${pid.first}`, `--appname=${app}`, "--", ...command],
      ],
      environment: toolEnvironment(),
    });
  },
  async stop(pod, force) {
    const { waiting } = podProcess(pod.folder);
    if (readEntryPoint(pod.folder, "stop") === undefined) {
      send(waiting, force ? "SIGKILL" : "SIGTERM");
      return;
    }
    await call("/usr/bin/nsenter", [
      ...[`--target=${waiting}`, "--mount", `--wdns=${pod.folder}`, "--"],
      ...[entryPoint(pod.folder, "stop"), ...(force ? ["--force"] : []), pod.uuid],
    ]);
  },
  async collect(pod) {
    if (readEntryPoint(pod.folder, "gc") === undefined) return;
    await call(
      "/usr/bin/unshare",
      [...isolated, mountedScript, "rkt-gc", "fstab", entryPoint(pod.folder, "gc"), pod.uuid],
      pod.folder,
    );
  },
};

function run(pod: PodToRun): Handover {
  const entry = entryPoint(pod.folder, "run");
  replaceFileSync(join(pod.folder, "fstab"), fstabOf([...ownRoot(pod), ...pod.apps.map(appLine)]));
  process.chdir(pod.folder);
  return {
    program: "/usr/bin/unshare",
    arguments: [...isolated, runScript, "rkt-stage1", "fstab", entry, ...interfaceArguments(pod), pod.uuid],
    environment: toolEnvironment(),
  };
}

/** The image's own root; a copy of it is in place already. */
function ownRoot(pod: PodToRun): Parameters<typeof fstabOf>[0] {
  if (pod.stage1Root === undefined) throw new Error(`pod ${pod.uuid} has no stage1 image`);
  if (pod.stage1Root.kind === "copy") return [];
  // The apps' roots are mounted below it, so their places must be in its upper folder.
  for (const { name } of pod.apps) {
    mkdirSync(join(pod.stage1Root.upper, "opt", "stage2", name, "rootfs"), { recursive: true });
  }
  mkdirSync(join(pod.stage1Root.upper, "rkt", "status"), { recursive: true });
  return [rootLine(pod.stage1Root, false)];
}

function appLine({ root }: AppToRun): Parameters<typeof fstabOf>[0][number] {
  return rootLine(root, false);
}

/** What every version of the interface has brought along, up to the one that the image was made to. */
export function interfaceArguments(pod: PodToRun): readonly string[] {
  const version = Number(annotation(pod.folder, "interface-version") ?? "1");
  const from = (since: number, ...words: readonly string[]): readonly string[] =>
    version >= since ? words : [];
  return [
    ...(pod.debug ? ["--debug"] : []),
    `--net=${pod.networks.map(networkWord).join(",")}`,
    ...(pod.interactive ? ["--interactive"] : []),
    ...(pod.userNamespace === undefined
      ? []
      : [`--private-users=${pod.userNamespace.first}:${pod.userNamespace.count}`]),
    ...(pod.mutable ? ["--mutable"] : []),
    ...from(2, `--hostname=${pod.hostname}`),
    ...from(
      3,
      ...(pod.insecure.capabilities ? ["--disable-capabilities-restriction"] : []),
      ...(pod.insecure.paths ? ["--disable-paths"] : []),
      ...(pod.insecure.seccomp ? ["--disable-seccomp"] : []),
    ),
    ...from(4, `--dns-conf-mode=resolv=${pod.resolvConf},hosts=${pod.hosts}`),
    ...from(6, `--ipc=${pod.ipc}`),
  ];
}

function networkWord(network: PodToRun["networks"][number]): string {
  const words = Object.entries(network.arguments).map(([name, value]) => `${name}=${value}`);
  return words.length === 0 ? network.name : `${network.name}:${words.join(";")}`;
}

function entryPoint(folder: string, name: EntryPoint): string {
  const path = readEntryPoint(folder, name);
  if (path === undefined) {
    throw new Fault({
      what: `stage1 has no entry point "${name}"`,
      where: join(folder, inPod.stage1Manifest),
    });
  }
  return join(folder, inPod.stage1Rootfs, path);
}

function readEntryPoint(folder: string, name: EntryPoint): string | undefined {
  return annotation(folder, name);
}

function annotation(folder: string, name: string): string | undefined {
  const manifest = parseImageManifest(readFileSync(join(folder, inPod.stage1Manifest), "utf8"));
  return manifest.annotations.find((each) => each.name === `coreos.com/rkt/stage1/${name}`)?.value;
}

/** The process that the pod was started as, and the pod's first process as the image says it. */
function podProcess(folder: string): { readonly waiting: number; readonly first: number } {
  const waiting = Number(readFileSync(join(folder, inPod.owner), "utf8").split(" ")[0]);
  const pid = readNumber(join(folder, inPod.pid));
  if (pid !== undefined) return { waiting, first: pid };
  const parent = readNumber(join(folder, inPod.parentPid));
  const child =
    parent === undefined ? "" : readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").split(" ")[0];
  if (child === undefined || child === "")
    throw new Fault({ what: "the pod has not started yet", where: folder });
  return { waiting, first: Number(child) };
}

async function call(program: string, words: readonly string[], folder?: string): Promise<void> {
  await promisify(execFile)(program, words, {
    env: toolEnvironment(),
    ...(folder !== undefined && { cwd: folder }),
  });
}
