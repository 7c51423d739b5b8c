import type { ImageManifest } from "../appc/imageManifest.ts";

/** `sha512-` and 64 hex digits: half of the SHA-512 of an ACI's uncompressed bytes, or of an OCI image's manifest. */
export type ImageId = string;

/** What the store knows of one image. One file each, written by rename; the file's presence is the image's. */
export interface ImageRecord {
  readonly id: ImageId;
  readonly kind: "aci" | "oci";
  /** The name in the manifest; for OCI images `registry/repository:tag` as the person wrote it, made whole. */
  readonly name: string;
  readonly importTime: string;
  readonly lastUsed: string;
  /** Bytes of the blobs in the store. */
  readonly size: number;
  /** Whether the reference carried no version of its own. */
  readonly latest: boolean;
  /** How the image was verified when it came: who signed it, or that nobody was asked. */
  readonly verification:
    | { readonly by: "openpgp"; readonly fingerprint: string; readonly identity: string }
    | { readonly by: "sigstore" | "simple-signing"; readonly key: string }
    | { readonly by: "nothing"; readonly reason: string };
  /** OCI only. */
  readonly oci?: OciRecord;
}

export interface OciRecord {
  /** sha256:… of manifest and configuration. */
  readonly manifestDigest: string;
  readonly configDigest: string;
  /** Blobs from the lowest layer up. */
  readonly layers: readonly { readonly digest: string; readonly mediaType: string; readonly size: number }[];
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
}

/** Where an image came from by network, so that the next fetch can ask only for what changed. */
export interface RemoteRecord {
  readonly url: string;
  readonly signatureUrl?: string;
  readonly etag?: string;
  readonly maxAgeSeconds?: number;
  readonly downloadTime: string;
  readonly id: ImageId;
}

/** An image together with its manifest (for OCI images the one that was derived from its configuration). */
export interface StoredImage {
  readonly record: ImageRecord;
  readonly manifest: ImageManifest;
}

/** A root file system ready to run, shared read-only by all pods that use it. */
export interface RenderedTree {
  /** `deps-sha512-…` */
  readonly id: string;
  readonly rootfs: string;
}
