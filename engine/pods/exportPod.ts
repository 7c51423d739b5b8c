import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Fault } from "../../errors/fault.ts";
import { fstabOf, seenRootLine } from "../../stage1/mounting/fstab.ts";
import { serializeImageManifest } from "../appc/serialize.ts";
import { appToEnter } from "./enterPod.ts";
import { findPod } from "./findPod.ts";
import type { PodParts } from "./parts.ts";
import { readManifest } from "./podView.ts";
import type { ExportRequest } from "./requests.ts";
import { appRoot } from "./appRoot.ts";

/** The mount is in a namespace of its own and ends with the command, whatever ends that. */
const pack = `mount --all --fstab "$1" && exec tar --create --gzip --file "$2" --numeric-owner --sort=name \
  --xattrs --xattrs-include='*' --directory "$3" manifest rootfs`;

/** `rkt export`: an app of a pod that has ended, as an image that has in it what the app changed. */
export async function exportPod(parts: PodParts, request: ExportRequest): Promise<void> {
  const { data } = parts.context.folders;
  const pod = findPod(data, request.uuid);
  if ((pod.stage !== "run" && pod.stage !== "exited-garbage") || pod.state === "running") {
    throw new Fault({
      what: `pod "${pod.uuid}" has not exited`,
      got: pod.state,
      remedy: "stop it first: rkt stop",
    });
  }
  if (existsSync(request.output) && !request.overwrite) {
    throw new Fault({ what: "output file exists (try --overwrite)", got: request.output });
  }
  const app = appToEnter(pod.folder, request.app);
  const runtimeApp = readManifest(pod.folder)?.apps.find(({ name }) => name === app);
  if (runtimeApp === undefined) throw new Error(`no app ${app}`);
  const image = await (await parts.store()).manifest(runtimeApp.image.id);
  const scratch = mkdtempSync(join(pod.folder, "export-"));
  try {
    const { app: exported, ...manifest } = image;
    const settled = runtimeApp.app ?? exported;
    writeFileSync(
      join(scratch, "manifest"),
      serializeImageManifest({
        ...manifest,
        dependencies: [],
        pathWhitelist: [],
        ...(settled && { app: settled }),
      }),
    );
    const rootfs = join(scratch, "rootfs");
    mkdirSync(rootfs);
    const root = appRoot(data, pod.folder, app);
    writeFileSync(join(scratch, "fstab"), fstabOf([seenRootLine(root, rootfs)]));
    const beside = `${request.output}.${process.pid}.new`;
    try {
      await promisify(execFile)("/usr/bin/unshare", [
        ...["--mount", "--propagation", "slave", "/bin/sh", "-c", pack, "rkt-export"],
        ...[join(scratch, "fstab"), beside, scratch],
      ]);
      await promisify(execFile)("/bin/mv", ["--no-target-directory", "--", beside, request.output]);
    } finally {
      rmSync(beside, { force: true });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
