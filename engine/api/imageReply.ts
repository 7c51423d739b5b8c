import { messageOf } from "../../errors/fault.ts";
import { serializeImageManifest } from "../appc/serialize.ts";
import type { Report } from "../context.ts";
import { appcVersion } from "../pods/manifestOfPod.ts";
import type { StoredImage } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { wantsImage } from "./filters.ts";
import { Refusal } from "./refusal.ts";
import type { ApiImage } from "./replies.ts";
import type { ImageFilter, ListRequest } from "./requests.ts";

export async function listApiImages(
  store: Store,
  { filters, detail }: ListRequest<ImageFilter>,
  report: Report,
): Promise<readonly ApiImage[]> {
  const images: ApiImage[] = [];
  for (const record of await store.list()) {
    try {
      const image = apiImage({ record, manifest: await store.manifest(record.id) });
      if (wantsImage(filters, image)) images.push(detail ? image : { ...image, manifest: Buffer.alloc(0) });
    } catch (error) {
      // One that cannot be read, or that goes while we look, keeps none of the others from being listed.
      report.debug(`image ${record.id} is left out: ${messageOf(error)}`);
    }
  }
  return images;
}

export async function inspectApiImage(store: Store, id: string): Promise<ApiImage> {
  const image = await store.byId(id).catch((error: unknown) => {
    throw new Refusal("not found", messageOf(error));
  });
  return apiImage(image);
}

function apiImage({ record, manifest }: StoredImage): ApiImage {
  const pairs = (list: typeof manifest.labels): ApiImage["labels"] =>
    list.map(({ name, value }) => ({ key: name, value }));
  return {
    formatVersion: appcVersion,
    id: record.id,
    name: manifest.name,
    version: manifest.labels.find(({ name }) => name === "version")?.value ?? "latest",
    importTimestamp: BigInt(Math.floor(Date.parse(record.importTime) / 1000)),
    manifest: Buffer.from(serializeImageManifest(manifest)),
    size: BigInt(record.size),
    annotations: pairs(manifest.annotations),
    labels: pairs(manifest.labels),
  };
}
