import { mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import { tryLock } from "../store/lock.ts";
import { findPod } from "./findPod.ts";
import { flavourOf } from "./flavourOfPod.ts";
import { ownPod } from "./owner.ts";
import type { PodParts } from "./parts.ts";
import { inPod, podFolder } from "./podFolders.ts";
import { podAt } from "./podState.ts";
import { readManifest } from "./podView.ts";
import type { RunPreparedRequest } from "./requests.ts";
import { refuseUnregistered } from "./registerPod.ts";
import { becomePod } from "./runPod.ts";

/** `rkt run-prepared`: becomes a pod that was prepared. Of two that try, one finds it gone. */
export async function runPrepared(parts: PodParts, request: RunPreparedRequest): Promise<never> {
  const { data } = parts.context.folders;
  await refuseUnregistered(request.start);
  const { uuid, folder } = findPod(data, request.uuid);
  const notPrepared = new Fault({
    what: `pod "${uuid}" is not prepared`,
    remedy: "rkt prepare makes one that is",
  });
  if (podAt(data, "prepared", uuid) === undefined) throw notPrepared;
  // gc and others that want to run it keep away until this process has become the pod, which lets go of the lock.
  const lock = await tryLock(join(folder, inPod.startLock), "exclusive");
  const manifest = lock === undefined ? undefined : readManifest(folder);
  if (manifest === undefined) throw notPrepared;
  const flavour = flavourOf(folder);
  ownPod(folder);
  const settled = podFolder(data, "run", uuid);
  (await parts.flavour(flavour)).begin?.({ uuid, folder: settled, leader: process.pid }, folder);
  mkdirSync(dirname(settled), { recursive: true, mode: 0o750 });
  renameSync(folder, settled);
  return await becomePod(parts, { uuid, folder: settled, manifest, flavour }, request.start);
}
