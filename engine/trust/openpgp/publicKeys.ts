import type { Config, PublicKey as OpenpgpKey } from "openpgp";
import { Fault } from "../../../errors/fault.ts";

/** A public key as somebody gave it. Holding one says nothing about its being trusted, or valid today. */
export interface PublicKey {
  /** Of the primary key, in lower-case hex. */
  readonly fingerprint: string;
  readonly subkeyFingerprints: readonly string[];
  readonly identities: readonly string[];
  /** The packets, in the form that upstream's rkt reads too. */
  readonly armored: string;
  readonly openpgp: OpenpgpKey;
}

/**
 * Rules for keys. DSA and certifications by SHA-1 are of their time, and somebody looked at the fingerprint of such a
 * key; what MD5 certifies, anybody may have made. What a *signature over an image* may use is in digests.ts.
 */
export async function keyRules(): Promise<Config> {
  const { config, enums } = await import("openpgp");
  return {
    ...config,
    rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal]),
    rejectHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd]),
    rejectMessageHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd, enums.hash.sha1]),
    minRSABits: 2047,
    // Keys older than key flags are for whatever their algorithm can do.
    allowMissingKeyFlags: true,
    maxDecompressedMessageSize: 1 << 20,
  };
}

/** Reads one file of public keys, armored or binary. `from` names it in what is thrown. */
export async function readPublicKeys(bytes: Uint8Array, from: string): Promise<readonly PublicKey[]> {
  const { readKeys } = await import("openpgp");
  const config = await keyRules();
  const keys: OpenpgpKey[] = [];
  try {
    for (const part of isBinary(bytes) ? [bytes] : armoredBlocks(bytes)) {
      keys.push(
        ...(await (typeof part === "string"
          ? readKeys({ armoredKeys: part, config })
          : readKeys({ binaryKeys: part, config }))),
      );
    }
  } catch (cause) {
    throw new Fault({
      what: `${from} holds no OpenPGP public key`,
      allowed: "what `gpg --export` or `gpg --armor --export` writes",
      cause,
    });
  }
  if (keys.some((key) => key.isPrivate())) {
    throw new Fault({
      what: `${from} holds a secret key`,
      allowed: "public keys only",
      remedy: "export the public key (gpg --armor --export), and keep the secret one off this host",
    });
  }
  return keys.map((key) => ({
    fingerprint: key.getFingerprint(),
    subkeyFingerprints: key.subkeys.map((subkey) => subkey.getFingerprint()),
    identities: key.getUserIDs(),
    armored: key.armor({ ...config, showVersion: false, showComment: false }),
    openpgp: key,
  }));
}

/** Armored blocks one after the other, as `cat` joins them; the library reads only the first of them. */
function armoredBlocks(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString("latin1");
  const blocks = text.match(
    /^-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----[^]*?^-----END PGP \1 KEY BLOCK-----/gm,
  );
  return blocks ?? [text];
}

/** The first octet of an OpenPGP packet has its highest bit set, which no armor has. */
export function isBinary(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & 0x80) !== 0;
}

/** `8B86 DE38 890D DB72 9186  7B02 5210 BD88 8818 2190`, as rkt and gpg print it. */
export function spacedFingerprint(fingerprint: string): string {
  const groups = fingerprint.toUpperCase().match(/.{1,4}/g) ?? [];
  const half = groups.length / 2;
  return `${groups.slice(0, half).join(" ")}  ${groups.slice(half).join(" ")}`;
}
