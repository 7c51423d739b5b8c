import { Fault } from "../../errors/fault.ts";
import type { PodNetwork } from "../network/podNetwork.ts";
import type { PodParts } from "./parts.ts";
import type { PreparedPod } from "./preparePod.ts";
import type { StartRequest } from "./requests.ts";

/** Throws a Fault where a pod that is to be registered could not be. Loads nothing where none is. */
export async function refuseUnregistered({ mdsRegister }: Pick<StartRequest, "mdsRegister">): Promise<void> {
  if (mdsRegister) await (await import("../metadata/registerPod.ts")).assertMetadataService();
}

/** Makes a pod known to the metadata service, if that was asked for, and gives the address at which its apps ask. */
export async function registerIfAsked(
  parts: PodParts,
  { uuid, manifest, flavour }: Pick<PreparedPod, "uuid" | "manifest" | "flavour">,
  { mdsRegister }: Pick<StartRequest, "mdsRegister">,
  network: PodNetwork,
): Promise<{ readonly metadataUrl?: string }> {
  if (!mdsRegister) return {};
  if (flavour === "foreign") {
    throw new Fault({
      what: "--mds-register does not work with a stage1 that somebody else made",
      allowed: "the flavours oci, host, fly and kvm",
      remedy:
        "leave it out: the published interface hands the pod's token over on a command line, where everyone reads it",
    });
  }
  const [{ registerPod }, store] = await Promise.all([import("../metadata/registerPod.ts"), parts.store()]);
  const images = await Promise.all(
    manifest.apps.map(async ({ name, image }) => [name, await store.manifest(image.id)] as const),
  );
  return { metadataUrl: await registerPod({ uuid, manifest, images: new Map(images), network }) };
}
