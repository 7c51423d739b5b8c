import { Fault, messageOf } from "../../errors/fault.ts";
import type { PodParts } from "./parts.ts";
import { findPod } from "./findPod.ts";
import { flavourOf } from "./flavourOfPod.ts";
import type { StopRequest } from "./requests.ts";

export interface StopOutcome {
  readonly uuid: string;
  readonly result: "stopped" | "already stopped" | "failed";
  readonly reason?: string;
}

/** Tells each pod to end; one that cannot be told keeps none of the others from it. */
export async function stopPods(parts: PodParts, request: StopRequest): Promise<readonly StopOutcome[]> {
  const outcomes: StopOutcome[] = [];
  for (const asked of request.uuids) {
    try {
      const pod = findPod(parts.context.folders.data, asked);
      if (pod.state === "running") {
        const flavour = await parts.flavour(flavourOf(pod.folder));
        await flavour.stop(pod, request.force);
        outcomes.push({ uuid: pod.uuid, result: "stopped" });
      } else if (pod.state === "exited" || pod.state.startsWith("exited ")) {
        outcomes.push({ uuid: pod.uuid, result: "already stopped" });
      } else {
        throw new Fault({ what: `pod "${pod.uuid}" is not running`, got: pod.state });
      }
    } catch (error) {
      outcomes.push({ uuid: asked, result: "failed", reason: messageOf(error) });
    }
  }
  return outcomes;
}
