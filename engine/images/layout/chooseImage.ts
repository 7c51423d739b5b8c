/** Which image of a layout is meant, and what it is called from then on. */
import { basename } from "node:path";
import { Fault } from "../../../errors/fault.ts";
import type { OciIndex } from "../oci/documents.ts";
import { imageIndexTypes, imageManifestTypes, isOneOf } from "../oci/mediaTypes.ts";
import { entryFor, type Platform } from "../oci/platform.ts";
import { parseRegistryReference, repoTagOf, type LayoutReference } from "../reference.ts";

export type LayoutEntry = OciIndex["manifests"][number];

export function chooseEntry(
  index: OciIndex,
  { image }: LayoutReference,
  platform: Platform,
  where: string,
): LayoutEntry {
  const images = index.manifests.filter(
    (entry) =>
      (isOneOf(imageManifestTypes, entry.mediaType) || isOneOf(imageIndexTypes, entry.mediaType)) &&
      !isAttached(entry),
  );
  const wanted = image === undefined ? images : images.filter((entry) => hasName(entry, image));
  const [only] = wanted;
  if (only !== undefined && wanted.length === 1) return only;
  if (wanted.length > 1 && new Set(wanted.map(nameOf)).size === 1) {
    return entryFor(platform, { ...index, manifests: wanted }, where);
  }
  const names = images.map((entry) => nameOf(entry) ?? entry.digest).join(", ");
  throw new Fault({
    what:
      image === undefined
        ? "the layout holds several images or none"
        : `the layout holds no image "${image}"`,
    where,
    got: names === "" ? "no images" : names,
    ...(image === undefined && names !== "" && { remedy: "name one: oci:/path/of/layout:image" }),
  });
}

/** What lies beside images and is none: signatures, and statements of all kinds. */
export function isAttached(entry: LayoutEntry): boolean {
  const named = /^sha256-[0-9a-f]{64}(\.(sig|att|sbom))?$/.test(nameOf(entry) ?? "");
  return named || (typeof entry.artifactType === "string" && entry.artifactType !== "");
}

/** `registry/repository:tag`; images that were never in a registry are `localhost/…`. */
export function repoTagOfEntry(entry: LayoutEntry, { path, archive }: LayoutReference): string {
  for (const name of namesOf(entry)) {
    const registry = /^([^/]+[.:][^/]*|localhost)\//.exec(name);
    if (registry === null) continue;
    try {
      return repoTagOf(parseRegistryReference(name));
    } catch (error) {
      // An annotation may say anything; what is no reference is no more than a label.
      if (!(error instanceof Fault)) throw error;
    }
  }
  const file = archive ? basename(path).replace(/(\.tar)?(\.(gz|xz|zst|bz2))?$/, "") : basename(path);
  const repository = trimmed(file.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"));
  const tag = (nameOf(entry) ?? "latest")
    .replaceAll(/[^A-Za-z0-9_.-]/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, 128);
  return `localhost/${repository === "" ? "image" : repository}:${tag === "" ? "latest" : tag}`;
}

function namesOf({ annotations }: LayoutEntry): string[] {
  const named = [
    annotations?.["io.containerd.image.name"],
    annotations?.["org.opencontainers.image.ref.name"],
  ];
  return named.filter((name) => name !== undefined);
}

export function nameOf({ annotations }: LayoutEntry): string | undefined {
  return annotations?.["org.opencontainers.image.ref.name"];
}

function hasName(entry: LayoutEntry, image: string): boolean {
  return (
    entry.digest === image || namesOf(entry).some((name) => name === image || name.endsWith(`:${image}`))
  );
}

function trimmed(text: string): string {
  return text.replaceAll(/^-+|-+$/g, "");
}
