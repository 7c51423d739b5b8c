import { listPodFolders } from "./podState.ts";
import { viewPod } from "./podView.ts";
import type { PodView } from "./requests.ts";

/** Every pod, the oldest first. */
export function listPods(data: string): readonly PodView[] {
  return listPodFolders(data)
    .map(viewPod)
    .sort((one, other) => (one.createdAt ?? 0) - (other.createdAt ?? 0));
}
