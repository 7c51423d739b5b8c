import type { AnyKeyPacket, Config, SignaturePacket, Subkey } from "openpgp";
import { Fault, messageOf } from "../../../errors/fault.ts";
import { assessKey } from "./assessment.ts";
import { keyRules, type PublicKey } from "./publicKeys.ts";
import type { ContentSignature } from "./signatures.ts";

/**
 * When key and signature have to be valid.
 * - `now`: today. An expired key or signature is refused.
 * - `when-signed`: at the time that the signature names. For a key that is history and will not be prolonged; who
 *   holds such a key can date a signature back, so it suits only what else is pinned.
 *
 * A revoked key is refused either way: whoever stole it chooses the date.
 */
export interface SignaturePolicy {
  readonly validAt: "now" | "when-signed";
  /** The present; for tests. */
  readonly now?: Date;
}

/** Clocks of signer and verifier may differ by this much. */
const toleratedSkew = 5 * 60_000;

/** Refuses a signature whose own dates are wrong. */
export function judgeSignatureDates(signature: ContentSignature, policy: SignaturePolicy): void {
  const now = policy.now ?? new Date();
  if (signature.created.getTime() > now.getTime() + toleratedSkew) {
    throw new Fault({
      what: "openpgp: signature made in the future",
      got: signature.created.toISOString(),
      allowed: `until ${now.toISOString()}`,
      remedy: "check the clock of this host, and of the one that signed",
    });
  }
  const expires = signature.packet.getExpirationTime();
  if (policy.validAt === "now" && expires <= now) {
    throw new Fault({
      what: "openpgp: signature expired",
      got: `valid until ${dateOf(expires)}`,
      remedy: "have the image signed again",
    });
  }
}

/**
 * Refuses a key that may not sign, or might not at the time that counts; and a key younger than its signature. `issuer`
 * is the fingerprint of the primary key or subkey with which the signature holds.
 */
export async function judgeKey(
  key: PublicKey,
  issuer: string,
  signature: ContentSignature,
  policy: SignaturePolicy,
): Promise<void> {
  const config = await keyRules();
  const keyId = signature.packet.issuerKeyID;
  const subkey = key.openpgp.getSubkeys(keyId)[0];
  const { unsupported } = assessKey(key);
  if (unsupported !== undefined) throw new Fault({ what: `openpgp: unsupported feature: ${unsupported}` });
  if ((await isRevoked(key.openpgp, config)) || (await isRevoked(subkey, config))) {
    throw new Fault({
      what: "openpgp: signature made by revoked key",
      got: named(key, subkey),
      remedy: "trust the signer's present key, and have the image signed with it",
    });
  }
  const judged = policy.validAt === "now" ? (policy.now ?? new Date()) : signature.created;
  const made = (subkey ?? key.openpgp).getCreationTime();
  if (signature.created < made) {
    throw new Fault({
      what: "openpgp: signature made before its key",
      got: `${signature.created.toISOString()}, key ${named(key, subkey)} of ${made.toISOString()}`,
      remedy: "check the clock of the host that signed",
    });
  }
  const expiry = [
    await key.openpgp.getExpirationTime(undefined, config),
    await expiryOfSubkey(subkey, config),
  ];
  const expired = expiry.find((end) => end !== null && end <= judged);
  if (expired !== undefined && expired !== null) {
    throw new Fault({
      what: "openpgp: key expired",
      got: `${named(key, subkey)}, valid until ${dateOf(expired)}`,
      remedy: "get the key again, which its owner may have prolonged, and run `rkt trust` with it",
    });
  }
  try {
    // Without a date: what depends on time was judged above, by dates that do not change when a key is prolonged.
    const signing = await key.openpgp.getSigningKey(keyId, null, undefined, config);
    if (signing.getFingerprint() !== issuer) throw new Error("two of its keys have one key id");
  } catch (cause) {
    throw new Fault({
      what: "openpgp: signature made by a key that may not sign",
      got: `${named(key, subkey)}: ${messageOf(cause)}`,
    });
  }
}

/**
 * Refuses a key of which no signature would ever be believed, before somebody trusts it and wonders at the first image.
 * Gives back what its reviewer should know.
 */
export async function judgeBeforeTrust(key: PublicKey, now = new Date()): Promise<readonly string[]> {
  const config = await keyRules();
  const { unsupported, warnings } = assessKey(key);
  if (unsupported !== undefined) throw new Fault({ what: `openpgp: unsupported feature: ${unsupported}` });
  if (await isRevoked(key.openpgp, config)) {
    throw new Fault({
      what: "openpgp: the key is revoked",
      got: key.fingerprint,
      remedy: "ask the signer for the present one",
    });
  }
  try {
    await key.openpgp.getSigningKey(undefined, null, undefined, config);
  } catch (cause) {
    throw new Fault({ what: "openpgp: the key may not sign", got: key.fingerprint, cause });
  }
  const expires = await key.openpgp.getExpirationTime(undefined, config);
  return expires !== null && expires <= now
    ? [
        ...warnings,
        `${key.fingerprint} expired on ${dateOf(expires)}; what it signed is refused until it is prolonged`,
      ]
    : warnings;
}

/**
 * The library takes null for "whatever the date" and for "no certain signature" wherever it takes a date or a
 * signature; its types say so only for some.
 */
interface Revocable {
  isRevoked(
    signature: SignaturePacket | null | undefined,
    by: AnyKeyPacket | null | undefined,
    date: Date | null | undefined,
    config: Config,
  ): Promise<boolean>;
}
interface Expiring {
  getExpirationTime(date: Date | null | undefined, config: Config): Promise<Date | number | null>;
}

/** Revoked at any time, for any reason: whoever has a stolen key also chooses its signatures' dates. */
async function isRevoked(key: Revocable | undefined, config: Config): Promise<boolean> {
  return key !== undefined && (await key.isRevoked(null, null, null, config));
}

async function expiryOfSubkey(subkey: Expiring | undefined, config: Config): Promise<Date | number | null> {
  return subkey === undefined ? Infinity : subkey.getExpirationTime(null, config);
}

function named(key: PublicKey, subkey: Subkey | undefined): string {
  return subkey === undefined ? key.fingerprint : `${subkey.getFingerprint()} (subkey of ${key.fingerprint})`;
}

function dateOf(date: Date | number): string {
  return date instanceof Date ? date.toISOString() : "no date";
}
