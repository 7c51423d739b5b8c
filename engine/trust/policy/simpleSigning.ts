import { readFile } from "node:fs/promises";
import { Fault, messageOf } from "../../../errors/fault.ts";
import { keyRules, type PublicKey, readPublicKeys } from "../openpgp/publicKeys.ts";
import { contentSignaturesOf } from "../openpgp/signatures.ts";
import { verifySignatures } from "../openpgp/verify.ts";
import type { OciSignatureSource, OciToVerify, Signer } from "../trustStore.ts";
import { identityMistake } from "./identity.ts";
import type { SimpleSigningAcceptance } from "./imagePolicy.ts";
import { readPayload } from "./payload.ts";

const mostSignatures = 64;

/** Accepts an image by OpenPGP messages in a lookaside store, as skopeo and podman make them. */
export async function acceptBySimpleSigning(
  { keyring, lookaside, signedAs }: SimpleSigningAcceptance,
  prefix: string,
  image: OciToVerify,
  signatures: OciSignatureSource,
): Promise<Signer> {
  const keys = await keysIn(keyring);
  const reasons: string[] = [];
  for (const message of (await signatures.simpleSigning(lookaside)).slice(0, mostSignatures)) {
    try {
      const { content, signer } = await openMessage(message, keys);
      const identity = readPayload(content, ["atomic container signature"]);
      const mistake =
        typeof identity === "string" ? identity : identityMistake(identity, image, { prefix, signedAs });
      if (mistake === undefined) return { ...signer, scheme: "simple-signing" };
      reasons.push(`a signature by ${signer.identity} holds, but ${mistake}`);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      reasons.push(error.details.what);
    }
  }
  throw new Fault({
    what: `no signature by a key of ${keyring}`,
    got: reasons.length === 0 ? `no signature in ${lookaside}` : [...new Set(reasons)].join("; "),
  });
}

/** The content of a signed message, once a key's signature over it holds. */
async function openMessage(
  binary: Uint8Array,
  keys: readonly PublicKey[],
): Promise<{ readonly content: Uint8Array; readonly signer: Signer }> {
  const { readMessage, verify } = await import("openpgp");
  let content: Uint8Array;
  let packets;
  try {
    const config = await keyRules();
    const message = await readMessage({ binaryMessage: binary, config });
    // Without keys: this only takes the message apart. Who signed it is judged below, as for all signatures.
    const parts = await verify({ message, verificationKeys: [], format: "binary", config });
    const data: unknown = parts.data;
    if (!(data instanceof Uint8Array)) throw new Error("its content is a stream");
    content = data;
    packets = await Promise.all(
      parts.signatures.map(async ({ verified, signature }) => {
        verified.catch(() => undefined);
        return (await signature).packets;
      }),
    );
  } catch (cause) {
    throw new Fault({ what: `a signature cannot be read: ${messageOf(cause)}` });
  }
  const file = await contentSignaturesOf(packets.flat());
  const signer = await verifySignatures(keys, [content], file, { validAt: "now" });
  return { content, signer };
}

async function keysIn(path: string): Promise<readonly PublicKey[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new Fault({ what: `the keyring cannot be read: ${messageOf(cause)}` });
  }
  return readPublicKeys(bytes, path);
}
