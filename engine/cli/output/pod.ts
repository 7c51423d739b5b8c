import type { AttachedNetwork } from "../../network/podNetwork.ts";
import type { AppView, PodView } from "../../pods/requests.ts";

/** `default:ip4=172.16.28.2, db:ip4=10.1.0.2` */
export function networksText(networks: readonly AttachedNetwork[]): string {
  return networks.map(({ netName, ip }) => `${netName}:ip4=${ip}`).join(", ");
}

/** A pod under the names and units of rkt's JSON, in which times are in nanoseconds. */
export function podJson(pod: PodView): object {
  return {
    name: pod.uuid,
    state: pod.state,
    ...filled("networks", pod.networks),
    ...filled(
      "app_names",
      pod.apps.map(({ name }) => name),
    ),
    ...filled("apps", pod.apps.map(appJson)),
    ...time("created_at", pod.createdAt),
    ...time("started_at", pod.startedAt),
    ...filledRecord("user_annotations", pod.userAnnotations),
    ...filledRecord("user_labels", pod.userLabels),
  };
}

export function appJson(app: AppView): object {
  return {
    name: app.name,
    state: app.state,
    ...time("created_at", app.createdAt),
    ...time("started_at", app.startedAt),
    ...time("finished_at", app.finishedAt),
    ...(app.exitCode !== undefined && { exit_code: app.exitCode }),
    image_id: app.imageId,
    ...filled(
      "mounts",
      app.mounts.map(({ name, containerPath, hostPath, readOnly }) => ({
        name,
        container_path: containerPath,
        host_path: hostPath,
        read_only: readOnly,
      })),
    ),
    ...filledRecord("user_annotations", app.userAnnotations),
    ...filledRecord("user_labels", app.userLabels),
  };
}

/** Nanoseconds are beyond what a number holds exactly, by less than the clock's own step. */
function time(name: string, milliseconds: number | undefined): object {
  return milliseconds === undefined ? {} : { [name]: Math.round(milliseconds * 1e6) };
}

function filled(name: string, list: readonly unknown[]): object {
  return list.length === 0 ? {} : { [name]: list };
}

function filledRecord(name: string, record: Readonly<Record<string, string>>): object {
  return Object.keys(record).length === 0 ? {} : { [name]: record };
}
