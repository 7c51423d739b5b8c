import { Fault } from "../../errors/fault.ts";
import type { PodParts } from "./parts.ts";
import { findPod } from "./findPod.ts";
import { flavourOf } from "./flavourOfPod.ts";
import { readManifest } from "./podView.ts";
import type { EnterRequest } from "./requests.ts";
import { turnInto } from "./runPod.ts";

/** `rkt enter`: becomes a command inside an app, with the app's own restrictions. */
export async function enterPod(parts: PodParts, request: EnterRequest): Promise<never> {
  const pod = findPod(parts.context.folders.data, request.uuid);
  if (pod.state !== "running") {
    throw new Fault({ what: `pod "${pod.uuid}" isn't currently running`, got: pod.state });
  }
  const app = appToEnter(pod.folder, request.app);
  const flavour = await parts.flavour(flavourOf(pod.folder));
  return turnInto(await flavour.enter(pod, app, request.command));
}

/** The app that was named, or the only one there is. */
export function appToEnter(folder: string, wanted: string | undefined): string {
  const apps = (readManifest(folder)?.apps ?? []).map(({ name }) => name);
  if (wanted !== undefined) {
    if (apps.includes(wanted)) return wanted;
    throw new Fault({ what: `pod has no app "${wanted}"`, allowed: apps.join(", ") });
  }
  const [only, ...others] = apps;
  if (only === undefined) throw new Fault({ what: "pod contains zero apps" });
  if (others.length > 0) {
    throw new Fault({
      what: "pod contains more than one app",
      allowed: apps.join(", "),
      remedy: "name one with --app=",
    });
  }
  return only;
}
