/**
 * The flavour with an init of its own: systemd-nspawn holds the pod, the host's systemd is its first process, and each
 * app is a unit. The pod's programs are the host's, by way of its /usr, so they always fit together.
 */
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cpuLimit, cpuShares, memoryLimit } from "../../engine/appc/isolators.ts";
import type { RuntimeApp } from "../../engine/appc/podManifest.ts";
import { Fault } from "../../errors/fault.ts";
import { defaultPath, environmentOf } from "../appEnvironment.ts";
import { resolveAppUser } from "../appUser.ts";
import { withoutMultiplexer } from "../attaching/streams.ts";
import { allCapabilities, capabilitiesOf } from "../capabilities.ts";
import type { AppToRun, Flavour, Handover, PodToRun } from "../contract.ts";
import { cgroupRoot, isService, machineName, scopeOf, systemdCgroup } from "../machine.ts";
import { appLines } from "../mounting/appLines.ts";
import { fstabOf } from "../mounting/fstab.ts";
import { seccompFilterOf } from "../seccomp.ts";
import { environmentFile } from "../starting/becoming.ts";
import { childrenOf, readNumber, send } from "../starting/processes.ts";
import { apartWords } from "../starting/apart.ts";
import { flavourProgram } from "../starting/programs.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { writeEntry } from "../starting/entry.ts";
import { mappedLines } from "../users/mappedLines.ts";
import { afterMounts, MappedMounts, placeForMounts } from "../users/mappedMounts.ts";
import { wantsNoNewPrivileges, type AppUnitFacts } from "./appUnit.ts";
import { enterApp } from "./enter.ts";
import { findExecutable } from "./executable.ts";
import { nspawnEnvironment, nspawnWords, type HostFacts } from "./nspawn.ts";
import { usrLinkNames, writePodRoot } from "./podRoot.ts";

export const host: Flavour = {
  name: "host",
  makesNoNetwork: true,
  run(pod) {
    return Promise.resolve(prepare(pod));
  },
  enter(pod, app, command) {
    return Promise.resolve(enterApp(pod.folder, app, command));
  },
  stop({ folder }, force) {
    const nspawn = readNumber(join(folder, "ppid"));
    if (nspawn === undefined) throw new Fault({ what: "the pod has not started yet", where: folder });
    if (force) for (const init of childrenOf(nspawn)) send(init, "SIGKILL");
    send(nspawn, force ? "SIGKILL" : "SIGTERM");
    return Promise.resolve();
  },
  collect({ uuid }) {
    // systemd-nspawn cannot take this away when it is killed.
    const left = join("/run/systemd/nspawn/unix-export", machineName(uuid));
    if (existsSync(left) && readdirSync(left).length === 0) rmdirSync(left);
    return Promise.resolve();
  },
};

function prepare(pod: PodToRun): Handover {
  const facts = hostFacts();
  const apps = pod.manifest.apps.map((app) => unitFacts(pod, app, rootOf(pod, app)));
  writePodRoot(
    pod,
    apps,
    usrLinkNames.filter(
      (name) => lstatSync(`/${name}`, { throwIfNoEntry: false })?.isSymbolicLink() === true,
    ),
  );
  for (const { name, environment } of apps) {
    writeFileSync(join(pod.folder, "stage1/rootfs/rkt/env", name), environmentFile(environment), {
      mode: 0o600,
    });
  }
  const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
  const table = join(pod.folder, "fstab");
  const lines = pod.manifest.apps.flatMap((app) => appLines(pod, app, rootOf(pod, app), mountinfo));
  const { userNamespace: users } = pod;
  const mapped = users === undefined ? undefined : new MappedMounts(placeForMounts(pod.folder));
  writeFileSync(table, fstabOf(mapped === undefined ? lines : mappedLines(lines, pod.folder, mapped)), {
    mode: 0o640,
  });
  for (const app of apps) {
    writeEntry(pod.folder, app.name, {
      folder: app.app.workingDirectory ?? "/",
      user: app.user,
      ...(app.capabilities === undefined ? {} : { capabilities: app.capabilities }),
      noNewPrivileges: wantsNoNewPrivileges(app),
      environment: join(pod.folder, "stage1/rootfs/rkt/env", app.name),
      namespaces: [],
      ownUsers: pod.userNamespace !== undefined,
    });
  }
  const own = systemdCgroup(readFileSync("/proc/self/cgroup", "utf8"));
  const subcgroup =
    facts.fromService || !facts.registers ? `${own}/payload` : `machine.slice/${scopeOf(pod.uuid)}`;
  writeFileSync(join(pod.folder, "subcgroup"), subcgroup.replace(/^\//, ""));

  const capabilities = allCapabilities.filter((each) => apps.some((app) => app.capabilities?.includes(each)));
  const handover = {
    program: flavourProgram("host", "apart"),
    // nspawn makes or joins the pod's network itself. What the interface wants to know is its number.
    arguments: apartWords(
      { network: { kind: "host" }, privateIpc: false, mounts: table, pidFile: join(pod.folder, "ppid") },
      nspawnWords(pod, facts, capabilities, facts.unified ? [] : limitingControllers(pod)),
    ),
    environment: { ...toolEnvironment(), ...nspawnEnvironment(pod, facts) },
  };
  return users === undefined || mapped === undefined
    ? handover
    : afterMounts(pod.folder, users, mapped, handover);
}

function hostFacts(): HostFacts {
  const path = process.env["PATH"] ?? defaultPath;
  const nspawn = path
    .split(":")
    .map((folder) => join(folder, "systemd-nspawn"))
    .find((file) => isExecutable(file));
  if (nspawn === undefined) {
    throw new Fault({
      what: `cannot get environment: unable to find "systemd-nspawn" in "${path}"`,
      remedy: "install the package systemd-container, or choose another stage1",
    });
  }
  const systemd = existsSync("/run/systemd/system");
  return {
    nspawn,
    systemdVersion: installedSystemd(),
    unified: existsSync(join(cgroupRoot, "cgroup.controllers")),
    fromService: systemd && isService(systemdCgroup(readFileSync("/proc/self/cgroup", "utf8"))),
    registers: systemd && existsSync("/usr/lib/systemd/systemd-machined"),
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** By the name of its library, which spares asking a program. */
function installedSystemd(): number {
  const folders = ["/usr/lib/systemd", `/usr/lib/${multiarch[process.arch] ?? ""}/systemd`];
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      const version = /^libsystemd-shared-(\d+)/.exec(name)?.[1];
      if (version !== undefined) return Number(version);
    }
  }
  throw new Fault({ what: "cannot tell the version of systemd", where: folders.join(", ") });
}

const multiarch: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
};

function rootOf(pod: PodToRun, { name }: RuntimeApp): AppToRun["root"] {
  const found = pod.apps.find((app) => app.name === name);
  if (found === undefined) throw new Error(`${pod.uuid}: app ${name} has no root`);
  return found.root;
}

function unitFacts(pod: PodToRun, runtimeApp: RuntimeApp, root: AppToRun["root"]): AppUnitFacts {
  const { app, name, image } = runtimeApp;
  const imageName = image.name ?? image.id;
  if (app === undefined) throw new Error(`${pod.uuid}: app ${name} is not prepared`);
  const [executable] = app.exec;
  if (executable === undefined) {
    throw new Fault({ what: `image "${imageName}" has an empty "exec" (try --exec=BINARY)` });
  }
  // Names are looked up in the image, before its root is mounted.
  const files = root.kind === "overlay" ? root.lower : root.target;
  const user = resolveAppUser(files, app);
  const environment = environmentOf({
    name,
    app,
    user,
    terminal: pod.interactive,
    ...(pod.metadataUrl === undefined ? {} : { metadataUrl: pod.metadataUrl }),
  });
  return {
    name,
    imageName,
    app,
    executable: findExecutable(files, executable, environment.get("PATH") ?? "", app.workingDirectory ?? "/"),
    user,
    environment,
    ...(pod.insecure.capabilities ? {} : { capabilities: capabilitiesOf(app, false) }),
    seccomp: seccompFilterOf(app, pod.insecure.seccomp),
    interactive: pod.interactive,
    streams: withoutMultiplexer("host", runtimeApp),
    pathsUnprotected: pod.insecure.paths,
  };
}

/** The hierarchies of cgroup v1 in which the pod's systemd has something to set. */
function limitingControllers({ manifest }: PodToRun): readonly string[] {
  const isolators = manifest.apps.flatMap(({ app }) => app?.isolators ?? []);
  const cpu = cpuLimit(isolators) !== undefined || cpuShares(isolators) !== undefined;
  return [...(cpu ? ["cpu", "cpuacct"] : []), ...(memoryLimit(isolators) === undefined ? [] : ["memory"])];
}
