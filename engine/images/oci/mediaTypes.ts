/** What manifests, configurations and layers are called; what is not listed is not understood. */
export const imageManifestTypes = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

export const imageIndexTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
] as const;

/** Docker's first schema names its layers by nothing but their order and signs them itself: nobody can pin it. */
export const firstSchemaTypes = [
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
] as const;

export type LayerCompression = "none" | "gzip" | "zstd";

const layerTypes = new Map<string, LayerCompression>([
  ["application/vnd.oci.image.layer.v1.tar", "none"],
  ["application/vnd.oci.image.layer.v1.tar+gzip", "gzip"],
  ["application/vnd.oci.image.layer.v1.tar+zstd", "zstd"],
  ["application/vnd.docker.image.rootfs.diff.tar", "none"],
  ["application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"],
  ["application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"],
]);

/** How a layer is packed; undefined for what is no layer that could be unpacked here. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  return layerTypes.get(mediaType);
}

export function isOneOf<T extends string>(types: readonly T[], mediaType: string): mediaType is T {
  return types.some((type) => type === mediaType);
}
