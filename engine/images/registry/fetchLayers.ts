/** Blobs into the store, a few at a time. */
import { Fault } from "../../../errors/fault.ts";
import type { Fetching } from "../download/fetching.ts";
import { Part } from "../download/part.ts";
import type { Descriptor, OciManifest } from "../oci/documents.ts";
import type { RegistryClient } from "./RegistryClient.ts";

/** More at once do not come sooner over one line, and a registry counts them. */
const AT_ONCE = 3;
const LARGEST_LAYER = 32 * 2 ** 30;

export async function fetchLayers(
  fetching: Fetching,
  client: RegistryClient,
  { layers }: OciManifest,
): Promise<void> {
  const byDigest = new Map(layers.map((layer) => [layer.digest, layer]));
  const waiting = [...byDigest.values()];
  let failed = false;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !failed; next = waiting.shift()) {
      try {
        await fetchLayer(fetching, client, next);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  // All are waited for: nobody writes to the store after the caller has heard of a failure.
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  const refused = ends.find((end) => end.status === "rejected");
  if (refused !== undefined) throw refused.reason;
}

async function fetchLayer(fetching: Fetching, client: RegistryClient, layer: Descriptor): Promise<void> {
  const { store, temporary, context } = fetching;
  const { digest, size } = layer;
  if (size > LARGEST_LAYER) {
    throw new Fault({
      what: "a layer is too large",
      got: `${size} bytes`,
      allowed: `at most ${LARGEST_LAYER} bytes`,
    });
  }
  if (await store.hasBlob(digest)) return;
  const part = await Part.open(temporary, digest.slice("sha256:".length));
  let continuable = true;
  try {
    const progress = (text: string): void => {
      context.report.progress(text);
    };
    await client.blob(layer, part, progress);
    const inherited = part.inherited;
    continuable = false;
    try {
      await store.addBlob(digest, part.read());
    } catch (error) {
      // What an earlier run has left may have been damaged: once more, from the beginning.
      if (!inherited || !(error instanceof Fault)) throw error;
      await part.restart(undefined);
      await client.blob(layer, part, progress);
      await store.addBlob(digest, part.read());
    }
  } finally {
    await (continuable ? part.leave() : part.remove());
  }
}
