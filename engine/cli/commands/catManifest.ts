import { Fault } from "../../../errors/fault.ts";
import { serializePodManifest } from "../../appc/serialize.ts";
import { findPod } from "../../pods/findPod.ts";
import { readManifest } from "../../pods/podView.ts";
import type { Command } from "../command.ts";
import { onlyPod } from "../words.ts";
import { refuseUnreadablePods } from "../permissions.ts";

export const catManifest: Command = (invocation) => {
  const { flags, context, print } = invocation;
  refuseUnreadablePods(context());
  const pod = findPod(context().folders.data, onlyPod(invocation));
  const manifest = readManifest(pod.folder);
  if (manifest === undefined) {
    throw new Fault({ what: `pod "${pod.uuid}" has no manifest yet`, got: pod.state });
  }
  print(serializePodManifest(manifest, flags.flag("pretty-print", true) ? "\t" : undefined));
  return 0;
};
