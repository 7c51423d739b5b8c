/** Brings an image for the kubelet, by the same rules as `rkt fetch` does. */
import { Fault, messageOf } from "../../../errors/fault.ts";
import type { BasicCredentials } from "../../configuration/configuration.ts";
import type { EngineContext } from "../../context.ts";
import { fetchImage } from "../../images/fetch.ts";
import type { RegistryMirror } from "../../images/registry/mirrors.ts";
import type { Store } from "../../store/store.ts";
import type { TrustStore } from "../../trust/trustStore.ts";
import { imageIdOf, isOci } from "./describeImage.ts";

export interface Pulling {
  readonly context: EngineContext;
  readonly store: Store;
  readonly trust: TrustStore;
  readonly mirrors: readonly RegistryMirror[];
}

export interface PullRequest {
  /** In full, without `docker://`. */
  readonly name: string;
  readonly credentials: BasicCredentials | undefined;
  readonly signal: AbortSignal;
}

/** The image's identity, once it is verified, in the store and unpacked, so that a container need not wait for it. */
export async function pullImage(
  { context, store, trust, mirrors }: Pulling,
  { name, credentials, signal }: PullRequest,
): Promise<string> {
  const image = await fetchImage(
    context,
    store,
    refusingAloud(trust),
    { reference: `docker://${name}`, pullPolicy: "update" },
    { mirrors, signal, ...(credentials !== undefined && { registryCredentials: credentials }) },
  );
  await store.render(image.record.id);
  if (!isOci(image.record)) throw new Error(`${name} came as no OCI image`);
  return imageIdOf(image.record);
}

/** The kubelet shows a pod's owner why an image was refused if the message begins with this word. */
export class SignatureRefusal extends Fault {
  constructor(cause: unknown) {
    super({ what: `SignatureValidationFailed: ${messageOf(cause)}` });
    this.name = "SignatureRefusal";
  }
}

function refusingAloud(trust: TrustStore): TrustStore {
  return {
    verifyDetached: trust.verifyDetached.bind(trust),
    async verifyOci(image, signatures) {
      try {
        return await trust.verifyOci(image, signatures);
      } catch (refusal) {
        throw refusal instanceof Fault ? new SignatureRefusal(refusal) : refusal;
      }
    },
  };
}
