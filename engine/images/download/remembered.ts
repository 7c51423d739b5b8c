/** What earlier fetches have left in the store. Loads nothing: a warm run asks here and goes on. */
import { Fault } from "../../../errors/fault.ts";
import type { EngineContext } from "../../context.ts";
import type { StoredImage } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";

/** The image that a URL stood for the last time, if it was not removed since. */
export async function rememberedImage(
  store: Store,
  url: string,
): Promise<{ readonly image: StoredImage; readonly etag?: string; readonly freshUntil: number } | undefined> {
  const remote = await store.remote(url);
  if (remote === undefined) return undefined;
  const image = await imageIfThere(store, remote.id);
  if (image === undefined) return undefined;
  const freshUntil = Date.parse(remote.downloadTime) + (remote.maxAgeSeconds ?? 0) * 1000;
  return { image, freshUntil, ...(remote.etag !== undefined && { etag: remote.etag }) };
}

/** Whole ids are never ambiguous: a Fault means that it is not there. */
async function imageIfThere(store: Store, id: string): Promise<StoredImage | undefined> {
  try {
    return await store.byId(id);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** Whether an image in the store spares a verification that is asked for now. */
export function isVerifiedEnough({ insecure }: EngineContext, { record }: StoredImage): boolean {
  return insecure.image || record.verification.by !== "nothing";
}
