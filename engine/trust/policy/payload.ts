import { z } from "zod";
import type { SignedIdentity } from "./identity.ts";

export type PayloadType = "cosign container image signature" | "atomic container signature";

/** What cosign and simple signing sign. What may be critical and is not known here is refused, as its name asks. */
const payload = z.object({
  critical: z.strictObject({
    identity: z.strictObject({ "docker-reference": z.string() }),
    image: z.strictObject({ "docker-manifest-digest": z.string().regex(/^sha(256|384|512):[0-9a-f]+$/) }),
    type: z.string(),
  }),
});

/** The identity that a payload names, or why it is none. Call it on bytes whose signature holds. */
export function readPayload(bytes: Uint8Array, types: readonly PayloadType[]): SignedIdentity | string {
  let raw: unknown;
  try {
    raw = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return "what it signs is no JSON";
  }
  const parsed = payload.safeParse(raw);
  if (!parsed.success) return "what it signs does not name an image as it should";
  const { identity, image, type } = parsed.data.critical;
  if (!types.some((known) => known === type)) return `what it signs is of type ${JSON.stringify(type)}`;
  return { reference: identity["docker-reference"], manifestDigest: image["docker-manifest-digest"] };
}
