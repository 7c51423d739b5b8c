/** An image of the store as the kubelet sees it. */
import type { CriImage } from "../api/images.ts";
import type { ImageRecord, OciRecord, StoredImage } from "../../store/records.ts";

export interface OciImageRecord extends ImageRecord {
  readonly oci: OciRecord;
}

/** ACIs are not the kubelet's: it would collect what it never asked for. */
export function isOci(record: ImageRecord): record is OciImageRecord {
  return record.oci !== undefined;
}

/** One image has one manifest, whatever it is called by and wherever it came from. */
export function imageIdOf({ oci }: OciImageRecord): string {
  return oci.manifestDigest;
}

export function describeImage(
  record: OciImageRecord,
  manifest: StoredImage["manifest"],
  pinned: ReadonlySet<string>,
): CriImage {
  const { repoTags, repoDigests } = record.oci;
  return {
    id: imageIdOf(record),
    repoTags: repoTags.toSorted(),
    repoDigests: repoDigests.toSorted(),
    size: BigInt(record.size),
    ...userOf(manifest.app?.user ?? ""),
    pinned: [...repoTags, ...repoDigests].some((name) => pinned.has(name)),
  };
}

/** Whoever is not named is root. */
function userOf(user: string): Pick<CriImage, "uid" | "username"> {
  if (user === "") return { uid: { value: 0n } };
  return /^\d+$/.test(user) ? { uid: { value: BigInt(user) } } : { username: user };
}
