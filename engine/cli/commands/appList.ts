import { Fault } from "../../../errors/fault.ts";
import { findPod } from "../../pods/findPod.ts";
import { viewPod } from "../../pods/podView.ts";
import type { AppView } from "../../pods/requests.ts";
import type { Command } from "../command.ts";
import { alignColumns } from "../output/columns.ts";
import { jsonFormat, printJson } from "../output/json.ts";
import { appJson } from "../output/pod.ts";
import { wholeTime } from "../output/time.ts";
import { refuseUnreadablePods } from "../permissions.ts";
import { onlyWord } from "../words.ts";

export const appList: Command = (invocation) => {
  const { flags, context, print } = invocation;
  refuseUnreadablePods(context());
  const pod = viewPod(findPod(context().folders.data, onlyWord(invocation)));
  const rows = pod.apps.map(({ name, state }) => [name, state]);
  for (const line of alignColumns(flags.flag("no-legend") ? rows : [["NAME", "STATE"], ...rows])) print(line);
  return 0;
};

export const appStatus: Command = (invocation) => {
  const { flags, context, print } = invocation;
  refuseUnreadablePods(context());
  const pod = viewPod(findPod(context().folders.data, onlyWord(invocation)));
  const wanted = flags.text("app");
  const app = pod.apps.find(({ name }) => name === wanted);
  if (app === undefined) {
    throw new Fault({
      what: wanted === undefined ? "must specify --app" : `pod has no app "${wanted}"`,
      allowed: pod.apps.map(({ name }) => name).join(", ") || "none",
    });
  }
  const format = jsonFormat(flags);
  if (format !== undefined) print(printJson(appJson(app), format));
  else for (const line of statusLines(app)) print(line);
  return 0;
};

function statusLines(app: AppView): readonly string[] {
  return [
    `name=${app.name}`,
    `state=${app.state}`,
    ...(app.createdAt === undefined ? [] : [`created_at=${wholeTime(app.createdAt)}`]),
    ...(app.startedAt === undefined ? [] : [`started_at=${wholeTime(app.startedAt)}`]),
    ...(app.finishedAt === undefined ? [] : [`finished_at=${wholeTime(app.finishedAt)}`]),
    ...(app.exitCode === undefined ? [] : [`exit_code=${app.exitCode}`]),
  ];
}
