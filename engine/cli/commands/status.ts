import { podStatus } from "../../pods/podStatus.ts";
import type { PodView, Waiting } from "../../pods/requests.ts";
import type { Command, Invocation } from "../command.ts";
import { boolOf, durationOf } from "../flagValues.ts";
import { jsonFormat, printJson } from "../output/json.ts";
import { networksText, podJson } from "../output/pod.ts";
import { wholeTime } from "../output/time.ts";
import { invalidFlag } from "../parse.ts";
import { onlyPod } from "../words.ts";
import { refuseUnreadablePods } from "../permissions.ts";

export const status: Command = async (invocation) => {
  const { flags, context, print, report } = invocation;
  refuseUnreadablePods(context());
  const { view, inTime } = await podStatus(context().folders.data, {
    uuid: onlyPod(invocation),
    waitReady: waiting(invocation, "wait-ready"),
    waitFinished: waiting(invocation, "wait"),
  });
  if (!inTime) report.debug("the time to wait was over first");
  const format = jsonFormat(flags);
  if (format !== undefined) print(printJson(podJson(view), format));
  else for (const line of statusLines(view)) print(line);
  return 0;
};

function waiting({ flags, grammar }: Invocation, name: string): Waiting {
  const flag = flags.all(name).at(-1);
  if (flag === undefined) return { wait: false };
  const bool = flag.value === "" ? true : boolOf(flag.value);
  if (bool !== undefined) return { wait: bool };
  const milliseconds = durationOf(flag.value);
  if (milliseconds === undefined) throw invalidFlag(grammar, flag, "neither a bool nor a duration");
  if (milliseconds === 0) return { wait: false };
  return milliseconds < 0 ? { wait: true } : { wait: true, milliseconds };
}

function statusLines(pod: PodView): readonly string[] {
  const ended = pod.state === "exited" || pod.state === "exited garbage";
  const lines = [`state=${pod.state}`];
  if (pod.createdAt !== undefined) lines.push(`created=${wholeTime(pod.createdAt)}`);
  if (pod.startedAt !== undefined) lines.push(`started=${wholeTime(pod.startedAt)}`);
  if (pod.state === "running" || pod.state === "exited") lines.push(`networks=${networksText(pod.networks)}`);
  if (!ended && pod.state !== "running" && !pod.state.endsWith("deleting")) return lines;
  if (pod.pid !== undefined) lines.push(`pid=${pod.pid}`);
  lines.push(`exited=${ended}`);
  if (pod.state !== "running") {
    for (const { name, exitCode } of pod.apps) {
      if (exitCode !== undefined) lines.push(`app-${name}=${exitCode}`);
    }
  }
  return lines;
}
