import { execFile } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Fault } from "../../errors/fault.ts";
import type { AppToRun, Handover } from "../../stage1/contract.ts";
import { fstabOf, seenRootLine } from "../../stage1/mounting/fstab.ts";
import {
  afterMounts,
  MappedMounts,
  ownersProgram,
  placeForMounts,
  type UserRange,
} from "../../stage1/users/mappedMounts.ts";
import { serializeImageManifest } from "../appc/serialize.ts";
import { appToEnter } from "./enterPod.ts";
import { findPod } from "./findPod.ts";
import type { PodParts } from "./parts.ts";
import { readManifest } from "./podView.ts";
import type { ExportRequest } from "./requests.ts";
import { appRoot } from "./appRoot.ts";
import { privateUsersOf } from "./userRange.ts";

/** The mount is in a namespace of its own and ends with the command, whatever ends that. */
const pack = `mount --all --fstab "$1" && cd "$3" && exec >"$2" || exit 1
shift 3
exec "$@" tar --create --gzip --numeric-owner --sort=name --xattrs --xattrs-include='*' manifest rootfs`;

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
    const beside = `${request.output}.${process.pid}.new`;
    const root = appRoot(data, pod.folder, app);
    const { program, arguments: words } = packing(scratch, root, beside, privateUsersOf(pod.folder));
    try {
      await promisify(execFile)(program, words);
      await promisify(execFile)("/bin/mv", ["--no-target-directory", "--", beside, request.output]);
    } finally {
      rmSync(beside, { force: true });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What packs an app's root; where the pod has private users it looks as one of them, who sees owners as the app did. */
function packing(
  scratch: string,
  root: AppToRun["root"],
  output: string,
  users: UserRange | undefined,
): Handover {
  const packed = (seen: AppToRun["root"], as: readonly string[]): Handover => {
    writeFileSync(join(scratch, "fstab"), fstabOf([seenRootLine(seen, join(scratch, "rootfs"))]));
    return {
      program: "/usr/bin/unshare",
      arguments: [
        ...["--mount", "--propagation", "slave", "/bin/sh", "-c", pack, "rkt-export"],
        ...[join(scratch, "fstab"), output, scratch, ...as],
      ],
      environment: {},
    };
  };
  if (users === undefined) return packed(root, []);
  const { first, count } = users;
  chmodSync(scratch, 0o755);
  chownSync(join(scratch, "manifest"), first, first);
  const mounts = new MappedMounts(placeForMounts(scratch));
  const seen = root.kind === "overlay" ? { ...root, lower: mounts.mapped(root.lower) } : root;
  const as = [ownersProgram(), "enter", String(first), String(count)];
  return afterMounts(scratch, users, mounts, packed(seen, as));
}
