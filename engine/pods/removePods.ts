import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { Fault, messageOf } from "../../errors/fault.ts";
import type { Flavour } from "../../stage1/contract.ts";
import { tryLock } from "../store/lock.ts";
import { ownPod } from "./owner.ts";
import type { PodParts } from "./parts.ts";
import { flavourOf } from "./flavourOfPod.ts";
import { readManifest } from "./podView.ts";
import { inPod, podFolder } from "./podFolders.ts";
import type { PodOnDisk } from "./podState.ts";

/** How many pods are torn down at a time: what takes long is waiting for CNI plugins. */
const AT_ONCE = 8;

export interface Removal {
  readonly uuid: string;
  readonly failure?: string;
}

/**
 * Takes dead pods away: networks, what their flavours know of, their folders. A folder goes to the garbage first, so
 * what is half removed is never taken for a pod; whoever comes next goes on with it.
 */
export async function removeDeadPods(
  parts: PodParts,
  pods: readonly PodOnDisk[],
): Promise<readonly Removal[]> {
  const waiting = [...pods];
  const outcomes = new Map<string, string | undefined>();
  const folders: { readonly uuid: string; readonly folder: string }[] = [];
  const worker = async (): Promise<void> => {
    for (let pod = waiting.pop(); pod !== undefined; pod = waiting.pop()) {
      try {
        folders.push({ uuid: pod.uuid, folder: await tearDown(parts, pod) });
        outcomes.set(pod.uuid, undefined);
      } catch (error) {
        outcomes.set(pod.uuid, messageOf(error));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await removeFolders(folders.map(({ folder }) => folder));
  return pods.map(({ uuid }) => {
    const failure = outcomes.get(uuid);
    return failure === undefined ? { uuid } : { uuid, failure };
  });
}

async function tearDown(parts: PodParts, pod: PodOnDisk): Promise<string> {
  const { data } = parts.context.folders;
  if (
    pod.stage === "prepared" &&
    (await tryLock(join(pod.folder, inPod.startLock), "exclusive")) === undefined
  ) {
    throw new Fault({ what: `pod "${pod.uuid}" is just being started` });
  }
  ownPod(pod.folder);
  const networking = await parts.networking();
  await networking.tearDown(pod.folder, pod.uuid);
  const flavour = await flavourToAsk(parts, pod);
  if (flavour !== undefined) {
    const apps = readManifest(pod.folder)?.apps.map(({ name }) => name) ?? [];
    await flavour.collect({ folder: pod.folder, uuid: pod.uuid, apps });
  }
  const garbage = podFolder(data, "garbage", pod.uuid);
  if (pod.stage !== "garbage") {
    mkdirSync(dirname(garbage), { recursive: true, mode: 0o750 });
    renameSync(pod.folder, garbage);
  }
  refuseMounts(garbage);
  return garbage;
}

/** A flavour has made something for a pod that has run, or has begun to where it begins early. */
async function flavourToAsk(parts: PodParts, { stage, folder }: PodOnDisk): Promise<Flavour | undefined> {
  if (stage === "run" || stage === "exited-garbage") return await parts.flavour(flavourOf(folder));
  if (stage !== "prepare" || !existsSync(join(folder, inPod.flavor))) return undefined;
  const flavour = await parts.flavour(flavourOf(folder));
  return flavour.begin === undefined ? undefined : flavour;
}

/** Nothing is removed through a mount: behind it may lie a folder of the host. */
function refuseMounts(folder: string): void {
  const within = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point === folder || point.startsWith(`${folder}/`));
  if (within.length > 0) {
    throw new Fault({
      what: "something is still mounted in the pod",
      got: within.join(", "),
      remedy: `umount it, then run rkt gc again`,
    });
  }
}

async function removeFolders(folders: readonly string[]): Promise<void> {
  if (folders.length === 0) return;
  await promisify(execFile)("/bin/rm", ["--recursive", "--force", "--one-file-system", "--", ...folders]);
}
