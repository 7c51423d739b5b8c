/** What earlier fetches have left in the store. Loads nothing: a warm run asks here and goes on. */
import { Fault } from "../../../errors/fault.ts";
import type { EngineContext } from "../../context.ts";
import type { ImageRecord, StoredImage } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";
import { showRegistryReference, type RegistryReference } from "../reference.ts";

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

/**
 * The image of a reference to a registry, also when it came in another way (out of a layout). A tag may have gone to
 * another image since it was fetched; a digest stays.
 */
export async function storedRegistryImage(
  store: Store,
  reference: RegistryReference,
): Promise<StoredImage | undefined> {
  const { registry, repository, tag, digest } = reference;
  const name = `${registry}/${repository}`;
  const isMeant = ({ oci }: ImageRecord): boolean =>
    digest === undefined
      ? oci?.repoTags.includes(`${name}:${tag ?? "latest"}`) === true
      : oci?.repoDigests.includes(`${name}@${digest}`) === true;
  const remembered = await rememberedImage(store, showRegistryReference(reference));
  if (
    remembered !== undefined &&
    store.isVouched(remembered.image.record.id) &&
    (digest !== undefined || isMeant(remembered.image.record))
  ) {
    return remembered.image;
  }
  const meant = (await store.list()).filter(isMeant);
  const record = meant.find(({ id }) => store.isVouched(id)) ?? meant[0];
  return record === undefined ? undefined : await imageIfThere(store, record.id);
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
export function isVerifiedEnough(
  { insecure }: EngineContext,
  store: Pick<Store, "isVouched">,
  { record }: StoredImage,
): boolean {
  return store.isVouched(record.id) && (insecure.image || record.verification.by !== "nothing");
}
