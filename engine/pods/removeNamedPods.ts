import { Fault, messageOf } from "../../errors/fault.ts";
import { findPod } from "./findPod.ts";
import type { PodParts } from "./parts.ts";
import type { PodOnDisk } from "./podState.ts";
import { removeDeadPods, type Removal } from "./removePods.ts";
import type { RemoveRequest } from "./requests.ts";

/** `rkt rm`: each pod that is named, where it has ended; what cannot be removed keeps none of the others. */
export async function removePods(parts: PodParts, request: RemoveRequest): Promise<readonly Removal[]> {
  const refused: Removal[] = [];
  const pods: PodOnDisk[] = [];
  for (const asked of request.uuids) {
    try {
      const pod = findPod(parts.context.folders.data, asked);
      if (pod.owner !== undefined) throw new Fault({ what: `pod "${pod.uuid}" is currently ${pod.state}` });
      pods.push(pod);
    } catch (error) {
      refused.push({ uuid: asked, failure: messageOf(error) });
    }
  }
  return [...refused, ...(await removeDeadPods(parts, pods))];
}
