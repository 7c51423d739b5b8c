import { z } from "zod";

/**
 * What cosign lays beside an image from version 3 on: a sigstore bundle, in which an in-toto statement names the
 * image's digest, in an envelope that the key has signed. It names no repository: the bytes are all that is signed.
 */
export interface BundledStatement {
  /** What was signed. */
  readonly message: Buffer;
  readonly signatures: readonly Buffer[];
  readonly statement: Buffer;
}

const base64 = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]*={0,2}$/)
  .transform((text) => Buffer.from(text, "base64"));

const statementType = "application/vnd.in-toto+json";

const bundleSchema = z.object({
  mediaType: z
    .string()
    .regex(/^application\/vnd\.dev\.sigstore\.bundle(\.v0\.3\+json|\+json;version=0\.[123])$/),
  dsseEnvelope: z.object({
    payload: base64,
    payloadType: z.literal(statementType),
    signatures: z
      .array(z.object({ sig: base64 }))
      .min(1)
      .max(10),
  }),
});

const statementSchema = z.object({
  _type: z.enum(["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]),
  subject: z
    .array(z.object({ name: z.string().optional(), digest: z.record(z.string(), z.string()) }))
    .min(1),
  predicateType: z.string(),
});

/** The parts of a bundle, or why they are not to be had. */
export function readBundle(bytes: Uint8Array): BundledStatement | string {
  const parsed = bundleSchema.safeParse(jsonOf(bytes));
  if (!parsed.success) return "a bundle is none that holds a signed statement";
  const { payload, payloadType, signatures } = parsed.data.dsseEnvelope;
  // Type and statement with their lengths: neither can be taken for a part of the other.
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `;
  return {
    message: Buffer.concat([Buffer.from(head), payload]),
    signatures: signatures.map(({ sig }) => sig),
    statement: payload,
  };
}

/**
 * Why a statement is none that this image was signed; undefined where it is. The same key may have signed other
 * statements of the image (what it is made of, how it was built), which say nothing of whether it may run.
 */
export function statementMistake(
  statement: Uint8Array,
  manifestDigest: string,
  isRepository: (name: string) => boolean,
): string | undefined {
  const parsed = statementSchema.safeParse(jsonOf(statement));
  if (!parsed.success) return "what it signs is no statement of an image";
  const { subject, predicateType } = parsed.data;
  if (predicateType !== "https://sigstore.dev/cosign/sign/v1") {
    return `what it signs is of type ${JSON.stringify(predicateType.slice(0, 100))}`;
  }
  const [algorithm = "", digest] = manifestDigest.split(":");
  const meant = subject.filter((each) => each.digest[algorithm] === digest);
  if (meant.length === 0) return "it is over another manifest";
  const named = meant.filter(({ name = "" }) => name !== "");
  if (named.length < meant.length || named.some(({ name = "" }) => isRepository(name))) return undefined;
  return `it is for ${named.map(({ name }) => name).join(", ")}`;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
