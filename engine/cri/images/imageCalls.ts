/** The calls of the image service. */
import { imageService } from "../api/services.ts";
import type { CriImage } from "../api/images.ts";
import { Fault } from "../../../errors/fault.ts";
import type { ImageId } from "../../store/records.ts";
import { parseRegistryReference } from "../../images/reference.ts";
import { answers, streams, type BoundCall } from "../server/calls.ts";
import { CriFault } from "../server/CriFault.ts";
import { credentialsIn } from "./credentials.ts";
import { describeImage, imageIdOf, isOci, type OciImageRecord } from "./describeImage.ts";
import { DiskUsage } from "./DiskUsage.ts";
import { findImage, wholeName } from "./findImage.ts";
import { pullImage, type Pulling } from "./pullImage.ts";
import { SharedPulls } from "./SharedPulls.ts";

export interface ImageParts extends Pulling {
  /** References that the kubelet must not collect. */
  readonly pinnedImages: readonly string[];
  /** Takes away what was unpacked of an image that is gone: the kubelet removes images to make room. */
  readonly removeTreesOf: (image: ImageId) => Promise<unknown>;
}

/** A stream of lists, none of which is larger than a message may be. */
const IMAGES_AT_ONCE = 100;

export function imageCalls(parts: ImageParts): Readonly<Record<keyof typeof imageService, BoundCall>> {
  const { store } = parts;
  const pulls = new SharedPulls();
  const removals = new Map<string, Promise<void>>();
  const usage = new DiskUsage(store.folder);
  const pinned = new Set(parts.pinnedImages.map((text) => wholeName(text) ?? text));

  const records = async (): Promise<readonly OciImageRecord[]> => (await store.list()).filter(isOci);
  const described = async (record: OciImageRecord): Promise<CriImage> =>
    describeImage(record, await store.manifest(record.id), pinned);

  /** One that is removed while we look is not there. */
  const listed = async (wanted: string): Promise<readonly CriImage[]> => {
    const all = await records();
    const found = wanted === "" ? all : [findImage(all, wanted)].filter((record) => record !== undefined);
    const images: CriImage[] = [];
    for (const record of found) {
      try {
        images.push(await described(record));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
    return images;
  };

  const remove = async (record: OciImageRecord): Promise<void> => {
    await store.remove(record.id).catch((cause: unknown) => {
      if (!(cause instanceof Fault)) throw cause;
      throw new CriFault("FAILED_PRECONDITION", { what: `${imageIdOf(record)} cannot be removed`, cause });
    });
    await parts.removeTreesOf(record.id);
    usage.forget();
  };

  return {
    ListImages: answers(imageService.ListImages, async ({ filter }) => ({
      images: await listed(filter?.image?.image ?? ""),
    })),

    StreamImages: streams(imageService.StreamImages, async function* ({ filter }) {
      const images = await listed(filter?.image?.image ?? "");
      for (let at = 0; at < images.length; at += IMAGES_AT_ONCE) {
        yield { images: images.slice(at, at + IMAGES_AT_ONCE) };
      }
    }),

    ImageStatus: answers(imageService.ImageStatus, async ({ image, verbose }) => {
      const record = findImage(await records(), namedIn(image));
      if (record === undefined) return {};
      const info = { engineId: record.id, verification: record.verification, layers: record.oci.layers };
      return {
        image: await described(record),
        ...(verbose && { info: new Map([["info", JSON.stringify(info)]]) }),
      };
    }),

    PullImage: answers(imageService.PullImage, async ({ image, auth }, { signal }) => {
      const name = wholeName(namedIn(image));
      if (name === undefined) {
        throw new CriFault("INVALID_ARGUMENT", {
          what: "that is no image of a registry",
          got: namedIn(image),
        });
      }
      const credentials = credentialsIn(auth, parseRegistryReference(name).registry);
      // Whoever may not pull an image must not get it because somebody else is pulling it.
      const key = JSON.stringify([name, credentials]);
      const imageRef = await pulls.pull(key, signal, (given) =>
        pullImage(parts, { name, credentials, signal: given }),
      );
      usage.forget();
      return { imageRef };
    }),

    RemoveImage: answers(imageService.RemoveImage, async ({ image }) => {
      const record = findImage(await records(), namedIn(image));
      if (record === undefined) return {};
      const underWay = removals.get(record.id) ?? remove(record).finally(() => removals.delete(record.id));
      removals.set(record.id, underWay);
      await underWay;
      return {};
    }),

    ImageFsInfo: answers(imageService.ImageFsInfo, async () => {
      const { bytes, inodes, at } = await usage.get();
      const filesystem = {
        timestamp: BigInt(at.getTime()) * 1_000_000n,
        fsId: { mountpoint: store.folder },
        usedBytes: { value: bytes },
        inodesUsed: { value: inodes },
      };
      return { imageFilesystems: [filesystem], containerFilesystems: [filesystem] };
    }),
  };
}

function namedIn(image: { readonly image: string } | undefined): string {
  const name = image?.image ?? "";
  if (name === "") throw new CriFault("INVALID_ARGUMENT", { what: "the request names no image" });
  return name;
}
