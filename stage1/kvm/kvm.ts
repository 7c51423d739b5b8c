/**
 * The flavour with a kernel of its own: QEMU holds the pod, by KVM where that works and in software elsewhere. The apps'
 * roots and volumes are mounted on the host and shared by virtiofs; a few lines of shell are the machine's first process.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cpuLimit, memoryLimit, noNewPrivileges, oomScoreAdj } from "../../engine/appc/isolators.ts";
import type { RuntimeApp } from "../../engine/appc/podManifest.ts";
import { Fault } from "../../errors/fault.ts";
import { environmentOf } from "../appEnvironment.ts";
import { resolveAppUser } from "../appUser.ts";
import { refuseStreams } from "../attaching/streams.ts";
import { capabilitiesOf } from "../capabilities.ts";
import type { AppToRun, Flavour, Handover, PodToRun } from "../contract.ts";
import { appLines } from "../mounting/appLines.ts";
import { fstabOf } from "../mounting/fstab.ts";
import { becomeWords, environmentFile } from "../starting/becoming.ts";
import { writeEntry, type AppEntry } from "../starting/entry.ts";
import { readNumber, send } from "../starting/processes.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { accelerator, type Accelerator } from "./accelerator.ts";
import { agentPorts, agentWords, becomeInside, enterApp } from "./enter.ts";
import { guestPod, guestStart } from "./guestInit.ts";
import { guestKernel } from "./kernel.ts";
import { cablesOf, type Cable } from "./podCable.ts";

const MIB = 1024n * 1024n;

/**
 * $1 the pod's folder, $2 what makes its cables, $3 virtiofsd, $4 whether the apps get this input; then QEMU. This shell stays as the pod: QEMU's own exit
 * code says nothing of the apps'. What it starts ends with it, whatever ends it.
 */
const runScript = `pod=$1 cables=$2 virtiofsd=$3 input=$4
shift 4
mount --all --fstab "$pod/fstab" || exit 254
eval "$cables" || exit 254
mkfifo "$pod/kvm/control.in" "$pod/kvm/control.out" || exit 254
setpriv --pdeathsig KILL -- "$virtiofsd" --socket-path="$pod/kvm/files" \\
  -o source="$pod/stage1/rootfs",sandbox=chroot,cache=auto,xattr >"$pod/kvm/virtiofsd.log" 2>&1 &
files=$!
until [ -S "$pod/kvm/files" ]; do
  kill -0 "$files" 2>/dev/null || { cat "$pod/kvm/virtiofsd.log" >&2; exit 254; }
  sleep 0.02
done
[ "$input" = inherited ] && exec 3<&0 || exec 3</dev/null
setpriv --pdeathsig KILL -- "$@" <&3 &
machine=$!
trap 'echo stop >"$pod/kvm/control.in"' TERM INT HUP
echo $$ >"$pod/pid"
while kill -0 "$machine" 2>/dev/null; do wait "$machine"; done
exit "$(cat "$pod/stage1/rootfs/rkt/exit" 2>/dev/null || echo 254)"`;

export const kvm: Flavour = {
  name: "kvm",
  makesNoNetwork: false,
  run: prepare,
  enter(pod, app, command) {
    return Promise.resolve(enterApp(pod.folder, app, command));
  },
  stop({ folder }, force) {
    const pid = readNumber(join(folder, "pid"));
    if (pid === undefined) throw new Fault({ what: "the pod has not started yet", where: folder });
    send(pid, force ? "SIGKILL" : "SIGTERM");
    return Promise.resolve();
  },
  collect() {
    // Everything outside the pod's folder ended with the pod.
    return Promise.resolve();
  },
};

async function prepare(pod: PodToRun): Promise<Handover> {
  if (pod.network.kind === "none") throw new Error("stage0 makes the network of a virtual machine");
  if (pod.network.kind === "host") {
    throw new Fault({ what: "flavor kvm requires private network configuration (try --net)" });
  }
  if (pod.userNamespace !== undefined) {
    throw new Fault({ what: "flag --private-users cannot be used with the kvm flavour" });
  }
  refuseStreams("kvm", pod.manifest.apps);
  if (pod.ipc === "parent") {
    throw new Fault({ what: "flavor kvm requires private IPC namespace (try to remove --ipc)" });
  }
  const qemu = programIn(["/usr/bin/qemu-system-x86_64"], "qemu-system-x86");
  const virtiofsd = programIn(["/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd"], "virtiofsd");
  const kernel = guestKernel();
  const cables = cablesOf(pod.network);
  const rootfs = join(pod.folder, "stage1/rootfs");
  for (const folder of ["rkt/guest", "rkt/status", "rkt/env"])
    mkdirSync(join(rootfs, folder), { recursive: true });
  mkdirSync(join(pod.folder, "kvm"), { recursive: true, mode: 0o700 });

  const { apps } = pod.manifest;
  const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
  const lines = apps.flatMap((app) => appLines(pod, app, rootOf(pod, app), mountinfo));
  writeFileSync(join(pod.folder, "fstab"), fstabOf(lines), { mode: 0o640 });
  for (const app of apps) writeApp(pod, app, rootfs);
  const names = apps.map(({ name }) => name);
  writeFileSync(join(rootfs, "rkt/guest/pod"), guestPod(pod.hostname, names, agentPorts, cables));
  const { accelerator: means } = await accelerator({
    qemu,
    kernel: kernel.image,
    verdictFile: "/run/rkt/accelerator",
  });

  const makeCables = cables.map(({ script }) => script).join(" && ");
  const [program = "", ...words] = [
    ...["/usr/bin/nsenter", `--net=${pod.network.path}`, "--"],
    ...["/usr/bin/unshare", "--mount", "--propagation", "slave", "--"],
    ...[
      "/bin/sh",
      "-c",
      runScript,
      "rkt-kvm",
      pod.folder,
      makeCables === "" ? "true" : makeCables,
      virtiofsd,
    ],
    pod.interactive ? "inherited" : "none",
    ...qemuWords(pod, qemu, kernel, means, cables),
  ];
  return { program, arguments: words, environment: toolEnvironment() };
}

function qemuWords(
  pod: PodToRun,
  qemu: string,
  kernel: { readonly image: string; readonly firstRoot: string },
  accelerated: Accelerator,
  cables: readonly Cable[],
): readonly string[] {
  const isolators = pod.manifest.apps.flatMap(({ app }) => [app?.isolators ?? []]);
  const limits = isolators.map((each) => memoryLimit(each));
  // What the apps may have, and what the machine itself needs.
  const memory = limits.every((limit) => limit !== undefined)
    ? limits.reduce((sum, limit) => sum + limit / MIB, 128n)
    : 512n;
  const millis = isolators.map((each) => cpuLimit(each) ?? 1000n).reduce((sum, each) => sum + each, 0n);
  const processors = (millis + 999n) / 1000n;
  return [
    qemu,
    ...[
      "-machine",
      `q35,accel=${accelerated},memory-backend=memory`,
      "-cpu",
      accelerated === "kvm" ? "host" : "max",
    ],
    ...["-smp", String(processors), "-m", `${memory}M`],
    ...["-object", `memory-backend-memfd,id=memory,size=${memory}M,share=on`],
    ...["-nodefaults", "-display", "none", "-no-user-config", "-no-reboot", "-name", `rkt-${pod.uuid}`],
    ...["-kernel", kernel.image, "-initrd", kernel.firstRoot],
    ...["-append", `${pod.debug ? "console=ttyS0" : "quiet"} panic=-1 random.trust_cpu=on`],
    ...["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    ...["-chardev", `pipe,id=control,path=${pod.folder}/kvm/control`, "-serial", "chardev:control"],
    ...["-chardev", `socket,id=files,path=${pod.folder}/kvm/files`],
    ...["-device", "vhost-user-fs-pci,chardev=files,tag=pod"],
    ...agentWords(join(pod.folder, "kvm")),
    ...cables.flatMap(({ tap, mac }) => [
      ...["-netdev", `tap,id=${tap},ifname=${tap},script=no,downscript=no`],
      ...["-device", `virtio-net-pci,netdev=${tap},mac=${mac},romfile=`],
    ]),
  ];
}

function writeApp(pod: PodToRun, runtimeApp: RuntimeApp, rootfs: string): void {
  const { app, name, image } = runtimeApp;
  if (app === undefined) throw new Error(`${pod.uuid}: app ${name} is not prepared`);
  if (app.exec.length === 0) {
    throw new Fault({ what: `image "${image.name ?? image.id}" has an empty "exec" (try --exec=BINARY)` });
  }
  const root = rootOf(pod, runtimeApp);
  const user = resolveAppUser(root.kind === "overlay" ? root.lower : root.target, app);
  const environment = environmentOf({
    name,
    app,
    user,
    terminal: pod.interactive,
    ...(pod.metadataUrl === undefined ? {} : { metadataUrl: pod.metadataUrl }),
  });
  writeFileSync(join(rootfs, "rkt/env", name), environmentFile(environment), { mode: 0o600 });
  const entry: AppEntry = {
    root: `/pod/opt/stage2/${name}/rootfs`,
    folder: app.workingDirectory ?? "/",
    user,
    ...(pod.insecure.capabilities ? {} : { capabilities: capabilitiesOf(app, false) }),
    noNewPrivileges: noNewPrivileges(app.isolators),
    environment: `/pod/rkt/env/${name}`,
    namespaces: [],
  };
  writeEntry(pod.folder, name, entry);
  const words = becomeWords({ ...entry, program: becomeInside }, app.exec);
  writeFileSync(join(rootfs, "rkt/guest", `start-${name}`), guestStart(words, oomScoreAdj(app.isolators)));
}

function rootOf(pod: PodToRun, { name }: RuntimeApp): AppToRun["root"] {
  const found = pod.apps.find((app) => app.name === name);
  if (found === undefined) throw new Error(`${pod.uuid}: app ${name} has no root`);
  return found.root;
}

function programIn(places: readonly string[], packageName: string): string {
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new Fault({
      what: "a program that holds virtual machines is missing",
      where: places.join(", "),
      remedy: `install the package ${packageName}, or choose another stage1`,
    });
  }
  return found;
}
