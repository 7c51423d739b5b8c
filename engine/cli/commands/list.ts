import { listPods } from "../../pods/listPods.ts";
import type { PodView } from "../../pods/requests.ts";
import type { Command } from "../command.ts";
import { alignColumns } from "../output/columns.ts";
import { jsonFormat, printJson } from "../output/json.ts";
import { networksText, podJson } from "../output/pod.ts";
import { wholeTime, timeAgo } from "../output/time.ts";
import { refuseUnreadablePods } from "../permissions.ts";

export const list: Command = ({ flags, context, print }) => {
  refuseUnreadablePods(context());
  const pods = listPods(context().folders.data);
  const format = jsonFormat(flags);
  if (format !== undefined) {
    print(printJson(pods.map(podJson), format));
    return 0;
  }
  const full = flags.flag("full");
  const titles = full
    ? ["UUID", "APP", "IMAGE NAME", "IMAGE ID", "STATE", "CREATED", "STARTED", "NETWORKS"]
    : ["UUID", "APP", "IMAGE NAME", "STATE", "CREATED", "STARTED", "NETWORKS"];
  const rows = pods.flatMap((pod) => podRows(pod, full));
  const lines = alignColumns(flags.flag("no-legend") ? rows : [titles, ...rows]);
  for (const line of lines) print(line);
  return 0;
};

/** A row for each app; what belongs to the whole pod stands in the first. */
function podRows(pod: PodView, full: boolean): readonly (readonly string[])[] {
  const time = full ? wholeTime : timeAgo;
  const ofPod = [
    pod.state,
    pod.createdAt === undefined ? "" : time(pod.createdAt),
    pod.startedAt === undefined ? "" : time(pod.startedAt),
    networksText(pod.networks),
  ];
  const uuid = full ? pod.uuid : pod.uuid.slice(0, 8);
  if (pod.apps.length === 0) return [[uuid, "-", "-", ...(full ? ["-"] : []), ...ofPod]];
  return pod.apps.map(({ name, imageName, imageId }, index) => [
    index === 0 ? uuid : "",
    name,
    imageName,
    ...(full ? [imageId.slice(0, 19)] : []),
    ...(index === 0 ? ofPod : ["", "", "", ""]),
  ]);
}
