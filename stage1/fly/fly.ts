/**
 * The flavour that isolates with a change of root and nothing else: for agents of the host, such as the kubelet. The
 * app has the host's processes, network and devices; its mounts are in a namespace of their own, so that none stays
 * when it ends, and those that it makes in a volume that is a mount point of the host reach the host.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { App } from "../../engine/appc/imageManifest.ts";
import type { RuntimeApp } from "../../engine/appc/podManifest.ts";
import { environmentOf } from "../appEnvironment.ts";
import { nameFiles, volumeMounts } from "../appMounts.ts";
import { resolveAppUser } from "../appUser.ts";
import { refuseStreams } from "../attaching/streams.ts";
import { capabilitiesOf, type Capability } from "../capabilities.ts";
import type { AppToRun, Flavour, Handover, PodToRun } from "../contract.ts";
import { fstabOf, rootLine, type FstabLine } from "../mounting/fstab.ts";
import { RootView } from "../mounting/rootView.ts";
import { mountPointOf } from "../mounting/submounts.ts";
import { makeEmptyVolumes, mountLines } from "../mounting/volumeLines.ts";
import { apartWords } from "../starting/apart.ts";
import { becomeWords, environmentFile, type Becoming } from "../starting/becoming.ts";
import { readEntry, writeEntry, type AppEntry } from "../starting/entry.ts";
import { inGroupsOf } from "../starting/joinGroups.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { processGroup, readNumber, send } from "../starting/processes.ts";
import { flavourProgram } from "../starting/programs.ts";

export const fly: Flavour = {
  name: "fly",
  makesNoNetwork: true,
  run(pod) {
    return Promise.resolve(prepare(pod));
  },
  enter(pod, app, command) {
    return Promise.resolve(enter(pod.folder, app, command));
  },
  stop({ folder }, force) {
    const pid = readNumber(join(folder, "pid"));
    if (pid === undefined) throw new Fault({ what: "the pod has not started yet", where: folder });
    const group = readNumber(join(folder, "pgid"));
    // A group that somebody else leads is that of a script or a shell, which is not ours to end.
    send(group === pid ? -pid : pid, force ? "SIGKILL" : "SIGTERM");
    return Promise.resolve();
  },
  collect() {
    // The mounts ended with the app.
    return Promise.resolve();
  },
};

function prepare(pod: PodToRun): Handover {
  const [runtimeApp, ...further] = pod.manifest.apps;
  const [appToRun] = pod.apps;
  if (runtimeApp?.app === undefined || appToRun === undefined || further.length > 0) {
    throw new Fault({ what: "fly only supports 1 application per Pod for now" });
  }
  refuseStreams("fly", [runtimeApp]);
  const { app } = runtimeApp;
  if (app.exec.length === 0) {
    throw new Fault({
      what: `image "${runtimeApp.image.name ?? runtimeApp.image.id}" has an empty "exec" (try --exec=BINARY)`,
    });
  }
  const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
  const table = join(pod.folder, "fstab");
  writeFileSync(table, fstabOf(linesOf(pod, runtimeApp, appToRun, mountinfo)), { mode: 0o640 });

  // Names are looked up in the image, before its root is mounted.
  const user = resolveAppUser(
    appToRun.root.kind === "overlay" ? appToRun.root.lower : appToRun.root.target,
    app,
  );
  const environment = environmentOf({
    name: runtimeApp.name,
    app,
    user,
    terminal: false,
    ...(pod.metadataUrl === undefined ? {} : { metadataUrl: pod.metadataUrl }),
  });
  const variables = join(pod.folder, "stage1", "rootfs", "rkt", "env", runtimeApp.name);
  mkdirSync(join(variables, ".."), { recursive: true });
  writeFileSync(variables, environmentFile(environment), { mode: 0o600 });

  const capabilities = boundTo(app, pod.insecure.capabilities);
  const entry: AppEntry = {
    root: appToRun.root.target,
    folder: app.workingDirectory ?? "/",
    user,
    ...(capabilities === undefined ? {} : { capabilities }),
    noNewPrivileges: wantsNoNewPrivileges(app),
    environment: variables,
    namespaces: [
      ...(pod.network.kind === "host" ? [] : ["--net"]),
      ...(pod.ipc === "private" ? ["--ipc"] : []),
    ],
  };
  writeEntry(pod.folder, runtimeApp.name, entry);
  writeFileSync(join(pod.folder, "pgid"), String(processGroup(readFileSync("/proc/self/stat", "utf8"))));

  const becoming: Becoming = {
    ...entry,
    program: flavourProgram("fly", "become"),
    pidFile: join(pod.folder, "pid"),
  };
  return {
    program: flavourProgram("fly", "apart"),
    // Peers of the host's mounts stay peers, apart from the one that holds the pod.
    arguments: apartWords(
      {
        network: pod.network,
        privateIpc: pod.ipc === "private",
        slave: mountPointOf(pod.folder, mountinfo),
        mounts: table,
      },
      becomeWords(becoming, app.exec),
    ),
    environment: toolEnvironment(),
  };
}

function linesOf(
  pod: PodToRun,
  runtimeApp: RuntimeApp,
  { root }: AppToRun,
  mountinfo: string,
): readonly FstabLine[] {
  const view = new RootView(root);
  const below = (path: string, kind: "folder" | "file" = "folder"): string =>
    join(root.target, view.place(path, kind));
  const host = (path: string): FstabLine => {
    const line = { source: path, target: below(path), type: "none", options: ["rbind", "rslave"] };
    view.mounted(path, path, false);
    return line;
  };
  const lines: FstabLine[] = [
    rootLine(root, runtimeApp.readOnlyRootFS),
    ...["/dev", "/proc", "/sys"].map(host),
  ];
  lines.push({ source: "tmpfs", target: below("/tmp"), type: "tmpfs", options: ["mode=1777"] });
  makeEmptyVolumes(pod, runtimeApp);
  lines.push(
    ...mountLines([...volumeMounts(pod, runtimeApp), ...nameFiles(pod)], root.target, view, mountinfo),
  );
  if (pod.hosts === "default" && !view.isThere("/etc/hosts")) {
    const fallback = join(pod.folder, "hosts-fallback");
    writeFileSync(fallback, "127.0.0.1 localhost localdomain\n");
    chmodSync(fallback, 0o644);
    lines.push({ source: fallback, target: below("/etc/hosts", "file"), type: "none", options: ["bind"] });
  }
  return lines;
}

/** Fly leaves an app all capabilities of its caller, unless the app or the person asked for fewer. */
function boundTo(app: App, unrestricted: boolean): readonly Capability[] | undefined {
  const asked = app.isolators.some(({ name }) => /^os\/linux\/capabilities-(retain|remove)-set$/.test(name));
  return asked && !unrestricted ? capabilitiesOf(app, false) : undefined;
}

function wantsNoNewPrivileges(app: App): boolean {
  return app.isolators.some(({ name, value }) => name === "os/linux/no-new-privileges" && value === true);
}

function enter(folder: string, app: string, command: readonly string[]): Handover {
  const pid = readNumber(join(folder, "pid"));
  if (pid === undefined) throw new Fault({ what: "the pod has not started yet", where: folder });
  const entry = readEntry(folder, app);
  const terminal = process.env["TERM"];
  const becoming: Becoming = {
    ...entry,
    program: flavourProgram("fly", "become"),
    ...(terminal === undefined ? {} : { variables: [["TERM", terminal]] }),
  };
  const [program = "", ...words] = inGroupsOf(pid, [
    ...["/usr/bin/nsenter", `--target=${pid}`, "--mount", ...entry.namespaces, "--"],
    ...becomeWords(becoming, command),
  ]);
  return { program, arguments: words, environment: toolEnvironment() };
}
