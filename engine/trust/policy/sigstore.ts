import { type KeyObject, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Fault, messageOf } from "../../../errors/fault.ts";
import type { OciSignatureSource, OciToVerify, Signer } from "../trustStore.ts";
import { identityMistake } from "./identity.ts";
import type { KeySource, SigstoreAcceptance } from "./imagePolicy.ts";
import { readPayload } from "./payload.ts";
import { readBundle, statementMistake } from "./sigstoreBundle.ts";
import { allowedSigstoreKey, readSigstoreKey, sigstoreKeyName } from "./sigstoreKey.ts";

const annotation = "dev.cosignproject.cosign/signature";

/** As many signatures as are looked at; a registry could offer any number. */
const mostSignatures = 64;

/**
 * Accepts an image by what `cosign sign --key` laid beside it, in the form of cosign 1 and 2 or in that of 3. Throws a
 * Fault with the reason for each signature.
 */
export async function acceptBySigstore(
  { key: source, signedAs }: SigstoreAcceptance,
  prefix: string,
  image: OciToVerify,
  signatures: OciSignatureSource,
): Promise<Signer> {
  const key = await keyOf(source);
  const name = sigstoreKeyName(key);
  const mapping = { prefix, signedAs };
  const reasons: string[] = [];
  for (const signature of (await signatures.cosign()).slice(0, mostSignatures)) {
    const mistake = signatureMistake(key, signature, image, mapping);
    if (mistake === undefined) return { scheme: "sigstore", key: name, identity: "" };
    reasons.push(mistake);
  }
  for (const bundle of (await signatures.bundles()).slice(0, mostSignatures)) {
    const mistake = bundleMistake(key, bundle, image, mapping);
    if (mistake === undefined) return { scheme: "sigstore", key: name, identity: "" };
    reasons.push(mistake);
  }
  throw new Fault({
    what: `no signature by the sigstore key ${name}`,
    got: reasons.length === 0 ? "no signature beside the image" : [...new Set(reasons)].join("; "),
  });
}

interface Mapping {
  readonly prefix: string;
  readonly signedAs: string | undefined;
}

type CosignSignature = Awaited<ReturnType<OciSignatureSource["cosign"]>>[number];

function signatureMistake(
  key: KeyObject,
  { payload, annotations }: CosignSignature,
  image: OciToVerify,
  mapping: Mapping,
): string | undefined {
  const signature = annotations[annotation];
  if (signature === undefined) return `a signature lacks its annotation ${annotation}`;
  if (!holds(key, payload, Buffer.from(signature, "base64"))) return "a signature is not by this key";
  const identity = readPayload(payload, ["cosign container image signature", "atomic container signature"]);
  const mistake = typeof identity === "string" ? identity : identityMistake(identity, image, mapping);
  return mistake === undefined ? undefined : `a signature is by this key, but ${mistake}`;
}

function bundleMistake(
  key: KeyObject,
  bytes: Uint8Array,
  image: OciToVerify,
  mapping: Mapping,
): string | undefined {
  const bundle = readBundle(bytes);
  if (typeof bundle === "string") return bundle;
  const { message, signatures, statement } = bundle;
  if (!signatures.some((signature) => holds(key, message, signature)))
    return "a signature is not by this key";
  const { manifestDigest } = image;
  const mistake = statementMistake(
    statement,
    manifestDigest,
    (reference) => identityMistake({ reference, manifestDigest }, image, mapping) === undefined,
  );
  return mistake === undefined ? undefined : `a signature is by this key, but ${mistake}`;
}

function holds(key: KeyObject, payload: Uint8Array, signature: Uint8Array): boolean {
  return digestsFor(key).some((digest) => {
    try {
      return verify(digest, payload, key, signature);
    } catch {
      // What is not even shaped like a signature of that kind is none.
      return false;
    }
  });
}

/** cosign hashed with SHA-256 for every key, until it chose a digest as long as the curve. */
function digestsFor(key: KeyObject): readonly (string | null)[] {
  if (key.asymmetricKeyType === "ed25519") return [null];
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === "secp384r1") return ["sha256", "sha384"];
  return curve === "secp521r1" ? ["sha256", "sha512"] : ["sha256"];
}

async function keyOf(source: KeySource): Promise<KeyObject> {
  const key = readSigstoreKey("pem" in source ? source.pem : await pemIn(source.path));
  if (typeof key !== "string") return key;
  throw new Fault({
    what: "the sigstore key cannot be used",
    ...("path" in source && { where: source.path }),
    got: key,
    allowed: allowedSigstoreKey,
  });
}

async function pemIn(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Fault({ what: `the sigstore key cannot be read: ${messageOf(cause)}` });
  }
}
