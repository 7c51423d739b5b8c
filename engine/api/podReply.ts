import { readFileSync, statSync } from "node:fs";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { systemdCgroup } from "../../stage1/machine.ts";
import type { Annotation } from "../appc/imageManifest.ts";
import { parsePodManifest } from "../appc/parsePodManifest.ts";
import type { PodManifest, RuntimeApp } from "../appc/podManifest.ts";
import { appcVersion } from "../pods/manifestOfPod.ts";
import { inPod, type PodStage } from "../pods/podFolders.ts";
import { listPodFolders, podsBeginningWith, type PodOnDisk } from "../pods/podState.ts";
import { viewPod } from "../pods/podView.ts";
import type { AppView, PodState, PodView } from "../pods/requests.ts";
import { wantsPod } from "./filters.ts";
import { Refusal } from "./refusal.ts";
import { apiAppState, apiPodState, type ApiApp, type ApiPod, type ApiPodState } from "./replies.ts";
import type { KeyValue, ListRequest, PodFilter } from "./requests.ts";

/** As upstream: neither what is just being born nor what is just being removed. */
const listed: readonly PodStage[] = ["run", "exited-garbage", "prepare", "prepared"];

export function listApiPods(data: string, { filters, detail }: ListRequest<PodFilter>): readonly ApiPod[] {
  return listPodFolders(data)
    .filter(({ stage }) => listed.includes(stage))
    .map(apiPod)
    .filter((pod) => wantsPod(filters, pod))
    .map((pod) => (detail ? pod : { ...pod, manifest: Buffer.alloc(0) }));
}

export function inspectApiPod(data: string, id: string): ApiPod {
  return apiPod(podOfId(data, id));
}

/** The pod of a whole uuid: a program has no need to abbreviate one. */
export function podOfId(data: string, id: string): PodOnDisk {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    throw new Refusal("invalid", `${JSON.stringify(id)} is no uuid of a pod`);
  }
  const pod = podsBeginningWith(data, id).at(0);
  if (pod === undefined) throw new Refusal("not found", `there is no pod ${id}`);
  return pod;
}

/** All that is known of a pod. One whose manifest cannot be read is told without its apps. */
function apiPod(pod: PodOnDisk): ApiPod {
  const told = readManifest(pod.folder);
  const view: Partial<PodView> = told === undefined ? {} : viewPod(pod);
  return {
    id: pod.uuid,
    pid: view.pid ?? -1,
    state: stateNumbers[pod.state],
    apps:
      told?.manifest.apps.map((app) =>
        apiApp(
          app,
          view.apps?.find(({ name }) => name === app.name),
        ),
      ) ?? [],
    networks: (view.networks ?? []).map(({ netName, ip }) => ({
      name: netName,
      ...(isIPv4(ip) ? { ipv4: ip, ipv6: "" } : { ipv4: "", ipv6: ip }),
    })),
    manifest: told?.bytes ?? Buffer.alloc(0),
    annotations: told?.manifest.annotations.map(keyValue) ?? [],
    cgroup: pod.state === "running" ? cgroupOf(pod.folder, view.pid) : "",
    createdAt: nanoseconds(view.createdAt),
    startedAt: nanoseconds(view.startedAt),
    gcMarkedAt: gcMark(pod),
  };
}

const stateNumbers: Readonly<Record<PodState, ApiPodState>> = {
  embryo: apiPodState.embryo,
  preparing: apiPodState.preparing,
  "aborted prepare": apiPodState.abortedPrepare,
  prepared: apiPodState.prepared,
  running: apiPodState.running,
  deleting: apiPodState.deleting,
  "exited deleting": apiPodState.deleting,
  exited: apiPodState.exited,
  "exited garbage": apiPodState.garbage,
  garbage: apiPodState.garbage,
};

function apiApp({ name, image, annotations }: RuntimeApp, view: AppView | undefined): ApiApp {
  return {
    name,
    image: {
      formatVersion: appcVersion,
      id: image.id,
      name: image.name ?? "",
      version: image.labels.find((label) => label.name === "version")?.value ?? "latest",
      importTimestamp: 0n,
      manifest: Buffer.alloc(0),
      size: 0n,
      annotations: [],
      labels: [],
    },
    state:
      view?.state === "running"
        ? apiAppState.running
        : view?.state === "exited"
          ? apiAppState.exited
          : apiAppState.undefined,
    exitCode: view?.exitCode ?? -1,
    annotations: annotations.map(keyValue),
  };
}

function readManifest(
  folder: string,
): { readonly bytes: Buffer; readonly manifest: PodManifest } | undefined {
  try {
    const bytes = readFileSync(join(folder, inPod.manifest));
    return { bytes, manifest: parsePodManifest(bytes.toString("utf8")) };
  } catch {
    return undefined; // not there yet, or damaged
  }
}

/** Where a flavour puts its pods, as it has written it down; else where the pod's first process is. */
function cgroupOf(folder: string, pid: number | undefined): string {
  for (const record of ["cgroup", "subcgroup"]) {
    const written = read(join(folder, record))?.trim();
    if (written !== undefined) return `/${written.replace(/^\//, "")}`;
  }
  const own = pid === undefined ? undefined : read(`/proc/${pid}/cgroup`);
  return own === undefined ? "" : systemdCgroup(own).replace(/\/init\.scope$/, "");
}

/** When an ended pod was marked for removal. */
function gcMark({ folder, stage }: PodOnDisk): bigint {
  if (stage !== "exited-garbage" && stage !== "garbage") return 0n;
  return statSync(folder, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n;
}

function nanoseconds(milliseconds: number | undefined): bigint {
  return milliseconds === undefined ? 0n : BigInt(Math.round(milliseconds)) * 1_000_000n;
}

function keyValue({ name, value }: Annotation): KeyValue {
  return { key: name, value };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
