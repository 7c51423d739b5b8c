/** Apps that come to a pod and leave it while it runs. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { parsePodManifest } from "../../engine/appc/parsePodManifest.ts";
import { inPod } from "../../engine/pods/podFolders.ts";
import { replaceFileSync } from "../../engine/wholeFiles.ts";
import { Fault } from "../../errors/fault.ts";
import type { MutableApps } from "../contract.ts";
import { fstabOf, rootLine } from "../mounting/fstab.ts";
import { toolEnvironment } from "../starting/toolEnvironment.ts";
import { bundleOf, crun, crunRoot, readSetting, writeBundle } from "./bundle.ts";
import { firstProcessOf } from "./firstProcess.ts";

/** The first of the signals that have no name: what `pod inner` starts marked apps at. */
const START = 34;
const PATIENCE_MILLISECONDS = 10_000;
const BETWEEN_QUESTIONS_MILLISECONDS = 20;

export const ociApps: MutableApps = {
  async add({ folder }, app, root) {
    const manifest = parsePodManifest(readFileSync(join(folder, inPod.manifest), "utf8"));
    writeBundle(readSetting(folder, manifest), app, root, false);
    if (root.kind === "copy") return;
    const table = join(bundleOf(folder, app.name), "fstab");
    replaceFileSync(table, fstabOf([rootLine(root, false)]));
    await inPodMounts(folder, "/usr/bin/mount", ["--all", "--fstab", table]);
  },

  async start({ folder }, app) {
    if (isRunning(folder, app)) throw new Fault({ what: `app "${app}" is already running` });
    const bundle = bundleOf(folder, app);
    rmSync(join(bundle, "pid"), { force: true });
    rmSync(statusOf(folder, app), { force: true });
    writeFileSync(join(bundle, "start"), "");
    process.kill(firstProcessOf(folder), START);
    await until(
      () => existsSync(join(bundle, "pid")) || existsSync(statusOf(folder, app)),
      () => {
        throw new Fault({ what: `app "${app}" did not start`, where: folder });
      },
    );
  },

  async stop({ folder }, app) {
    if (!isRunning(folder, app)) return;
    await tell(folder, app, "TERM");
    await until(
      () => !isRunning(folder, app),
      () => tell(folder, app, "KILL"),
    );
    await until(
      () => !isRunning(folder, app),
      () => {
        throw new Fault({ what: `app "${app}" does not end`, where: folder });
      },
    );
  },

  async remove({ folder }, app) {
    if (isRunning(folder, app)) {
      throw new Fault({ what: `app "${app}" is running`, remedy: "stop it first: rkt app stop" });
    }
    const target = join(folder, inPod.appRootfs(app));
    if (existsSync(join(bundleOf(folder, app), "fstab"))) {
      await inPodMounts(folder, "/usr/bin/umount", ["--quiet", target]);
    }
    rmSync(bundleOf(folder, app), { recursive: true, force: true });
    rmSync(statusOf(folder, app), { force: true });
  },
};

/** A pid file says that it was started, a status file that it has ended. */
function isRunning(folder: string, app: string): boolean {
  return existsSync(join(bundleOf(folder, app), "pid")) && !existsSync(statusOf(folder, app));
}

function statusOf(folder: string, app: string): string {
  return join(folder, inPod.statuses, app);
}

async function tell(folder: string, app: string, signal: string): Promise<void> {
  await promisify(execFile)(
    "/usr/bin/nsenter",
    [
      ...[`--target=${firstProcessOf(folder)}`, "--mount", "--pid", "--"],
      ...[crun, "--root", crunRoot(folder), "--cgroup-manager=cgroupfs", "kill", app, signal],
    ],
    { env: toolEnvironment() },
  );
}

async function inPodMounts(folder: string, program: string, words: readonly string[]): Promise<void> {
  const target = `--target=${firstProcessOf(folder)}`;
  // Its processes too: the pod's /proc shows nothing of a process from outside, and mount reads /proc/self.
  await promisify(execFile)("/usr/bin/nsenter", [target, "--mount", "--pid", "--", program, ...words], {
    env: toolEnvironment(),
  });
}

/** Files come and go under the hands of another process; nothing tells but looking. */
async function until(holds: () => boolean, late: () => void | Promise<void>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  while (!holds()) {
    if (performance.now() > deadline) {
      await late();
      return;
    }
    await delay(BETWEEN_QUESTIONS_MILLISECONDS);
  }
}
