/** The documents of an OCI or Docker image, read from bytes that anybody may have written. */
import { z } from "zod";
import { Fault } from "../../../errors/fault.ts";
import {
  layerCompression,
  firstSchemaTypes,
  imageIndexTypes,
  imageManifestTypes,
  isOneOf,
} from "./mediaTypes.ts";

/** Registries refuse larger manifests, too. */
export const LARGEST_MANIFEST = 4 << 20;
export const LARGEST_CONFIGURATION = 8 << 20;
/** More than any kernel stacks, less than what would fill a disk with nothing. */
const MOST_LAYERS = 500;

const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, "only sha256 digests are understood");
const annotationsSchema = z.record(z.string(), z.string()).nullish();

const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.int().nonnegative(),
  annotations: annotationsSchema,
});

/** Goes beside `mediaType`; absent fields of a platform mean that nothing is asked. */
const platformSchema = z.object({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().nullish(),
});

const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().nullish(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(MOST_LAYERS),
  annotations: annotationsSchema,
});

const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z
    .array(
      descriptorSchema.extend({ platform: platformSchema.nullish(), artifactType: z.string().nullish() }),
    )
    .max(1000),
});

const words = z.array(z.string()).nullish();
const keys = z.record(z.string(), z.unknown()).nullish();

const configurationSchema = z.object({
  created: z.string().nullish(),
  author: z.string().nullish(),
  architecture: z.string().default(""),
  variant: z.string().nullish(),
  os: z.string().default("linux"),
  config: z
    .object({
      User: z.string().nullish(),
      ExposedPorts: keys,
      Env: words,
      Entrypoint: words,
      Cmd: words,
      Volumes: keys,
      WorkingDir: z.string().nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
      StopSignal: z.string().nullish(),
    })
    .nullish(),
  rootfs: z.object({ diff_ids: z.array(digestSchema).nullish() }),
});

export type Descriptor = z.infer<typeof descriptorSchema>;
export type OciManifest = z.infer<typeof manifestSchema>;
export type OciIndex = z.infer<typeof indexSchema>;
export type OciConfiguration = z.infer<typeof configurationSchema>;

/** A manifest of one image, or of one image for each platform. */
export type ImageDocument =
  | { readonly kind: "manifest"; readonly manifest: OciManifest }
  | { readonly kind: "index"; readonly index: OciIndex };

/**
 * `mediaType` is what the registry or the descriptor said. Where the document says so too, both must agree: bytes that
 * are an index to one reader and a manifest to another have one digest and two meanings.
 */
export function readImageDocument(
  bytes: Uint8Array,
  mediaType: string | undefined,
  where: string,
): ImageDocument {
  const document = parseJson(bytes, LARGEST_MANIFEST, where);
  const declared = declaredIn(document);
  const type = declared.mediaType ?? mediaType;
  if (declared.schemaVersion === 1 || (type !== undefined && isOneOf(firstSchemaTypes, type))) {
    throw new Fault({
      what: "the image is in Docker's first manifest schema, which nothing can verify by its digest",
      where,
      allowed: "Docker schema 2 or OCI image manifests",
      remedy: "push it again with a current tool, or copy it with one that converts it",
    });
  }
  const agreed =
    mediaType === undefined || declared.mediaType === undefined || declared.mediaType === mediaType;
  const known = isOneOf([...imageManifestTypes, ...imageIndexTypes], mediaType ?? "");
  if (!agreed && known) {
    throw new Fault({
      what: "the manifest says it is something else than it was announced as",
      where,
      got: declared.mediaType ?? "",
      allowed: mediaType,
    });
  }
  if (declared.hasManifests && declared.hasLayers) {
    throw new Fault({ what: "the manifest is an index and an image at once", where });
  }
  const isIndex = type !== undefined && isOneOf(imageIndexTypes, type) ? true : declared.hasManifests;
  if (isIndex) return { kind: "index", index: check(indexSchema, document, "image index", where) };
  if (type !== undefined && !isOneOf(imageManifestTypes, type)) {
    if (declared.mediaType !== undefined || !declared.hasLayers) {
      throw new Fault({
        what: "that is no manifest of an image",
        where,
        got: type,
        allowed: imageManifestTypes.join(" or "),
      });
    }
  }
  return { kind: "manifest", manifest: check(manifestSchema, document, "image manifest", where) };
}

/** A manifest whose layers can be unpacked here. What else registries hold (charts, signatures) is no image. */
export function readRunnableManifest(bytes: Uint8Array, where: string): OciManifest {
  const document = readImageDocument(bytes, undefined, where);
  if (document.kind === "index") throw new Fault({ what: "an index names several images", where });
  refuseWhatIsNoImage(document.manifest, where);
  return document.manifest;
}

export function refuseWhatIsNoImage(manifest: OciManifest, where: string): void {
  for (const { mediaType } of manifest.layers) {
    if (layerCompression(mediaType) !== undefined) continue;
    throw new Fault({
      what: "the image has a layer of a kind that cannot be unpacked",
      where,
      got: mediaType,
      allowed: "tar archives: plain, gzip or zstd",
      ...(/foreign|nondistributable/.test(mediaType) && {
        remedy: "such layers are kept outside of registries; build the image from a base that has none",
      }),
    });
  }
}

export function readConfiguration(bytes: Uint8Array, where: string): OciConfiguration {
  const document = parseJson(bytes, LARGEST_CONFIGURATION, where);
  return check(configurationSchema, document, "image configuration", where);
}

function parseJson(bytes: Uint8Array, limit: number, where: string): unknown {
  if (bytes.length > limit) {
    throw new Fault({
      what: "the document is too large",
      where,
      got: `${bytes.length} bytes`,
      allowed: `at most ${limit} bytes`,
    });
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Fault({ what: "that is no JSON", where, cause: error });
  }
}

function declaredIn(document: unknown): {
  readonly mediaType?: string;
  readonly schemaVersion?: unknown;
  readonly hasManifests: boolean;
  readonly hasLayers: boolean;
} {
  if (typeof document !== "object" || document === null) return { hasManifests: false, hasLayers: false };
  return {
    ...("mediaType" in document &&
      typeof document.mediaType === "string" &&
      document.mediaType !== "" && {
        mediaType: document.mediaType,
      }),
    ...("schemaVersion" in document && { schemaVersion: document.schemaVersion }),
    hasManifests: "manifests" in document,
    hasLayers: "layers" in document || "config" in document,
  };
}

function check<T>(schema: z.ZodType<T>, document: unknown, kind: string, where: string): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, 5);
  throw new Fault({
    what: `that is no valid ${kind}`,
    where,
    got: issues.map(({ path, message }) => `${path.join(".") || "the document"}: ${message}`).join("; "),
  });
}
