/** Why a pod is not ready, in one line, from its own status. */
import { isObject, listAt, numberAt, textAt, type Json } from "../../../../provider/kubernetes/json.ts";
import type { Manifest } from "../object/manifest.ts";
import { condition } from "./readiness.ts";

/** Reasons that only say that things take their time. */
const USUAL = new Set(["ContainerCreating", "PodInitializing"]);

export function podTrouble(pod: Manifest): string | undefined {
  const scheduled = condition(pod, "PodScheduled");
  if (textAt(scheduled, "status") === "False") {
    return `cannot be scheduled: ${textAt(scheduled, "message") ?? textAt(scheduled, "reason") ?? "no reason given"}`;
  }
  const containers = [
    ...listAt(pod, "status", "initContainerStatuses"),
    ...listAt(pod, "status", "containerStatuses"),
  ];
  for (const container of containers) {
    const trouble = containerTrouble(container);
    if (trouble !== undefined) return `container ${textAt(container, "name") ?? "?"}: ${trouble}`;
  }
  return undefined;
}

function containerTrouble(container: Json): string | undefined {
  const waiting = isObject(container) ? textAt(container, "state", "waiting", "reason") : undefined;
  if (waiting !== undefined && !USUAL.has(waiting)) {
    const ended = lastEnding(container);
    const message = textAt(container, "state", "waiting", "message");
    const detail = waiting === "CrashLoopBackOff" && ended !== undefined ? ended : message;
    return detail === undefined ? waiting : `${waiting}: ${detail}`;
  }
  const code = numberAt(container, "state", "terminated", "exitCode");
  if (code !== undefined && code !== 0) {
    return `ended with exit code ${code} (${textAt(container, "state", "terminated", "reason") ?? "Error"})`;
  }
  return undefined;
}

function lastEnding(container: Json): string | undefined {
  const code = numberAt(container, "lastState", "terminated", "exitCode");
  if (code === undefined) return undefined;
  const restarts = numberAt(container, "restartCount") ?? 0;
  const reason = textAt(container, "lastState", "terminated", "reason") ?? "Error";
  return `it ended with exit code ${code} (${reason}) and was restarted ${restarts} times`;
}
