import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { messageOf } from "../../../errors/fault.ts";

export const allowedSigstoreKey =
  "a public key in PEM (ECDSA on P-256, P-384 or P-521, Ed25519, or RSA from 2048 bits on), or the path of its file";

const curves = new Set(["prime256v1", "secp384r1", "secp521r1"]);

/** Why a text is no key that signatures can be checked with; undefined where it is one. */
export function sigstoreKeyMistake(pem: string): string | undefined {
  const key = readSigstoreKey(pem);
  return typeof key === "string" ? `${allowedSigstoreKey} (${key})` : undefined;
}

/** The key, or what is wrong with it. */
export function readSigstoreKey(pem: string): KeyObject | string {
  // Node would quietly take the public half of it.
  if (pem.includes("PRIVATE KEY")) return "this is a private key";
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    return messageOf(error);
  }
  const { namedCurve = "unknown", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === "ed25519") return key;
  if (type === "ec") return curves.has(namedCurve) ? key : `curve ${namedCurve} is not supported`;
  if (type === "rsa") return modulusLength >= 2048 ? key : `${modulusLength} bits are too few`;
  return `keys of type ${type ?? "unknown"} are not supported`;
}

/** How a key is named where one has to be named: the digest of its SubjectPublicKeyInfo. */
export function sigstoreKeyName(key: KeyObject): string {
  return `sha256:${createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex")}`;
}
