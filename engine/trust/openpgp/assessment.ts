import type { PublicKey } from "./publicKeys.ts";

/** What is to be said of a key's algorithms before anybody trusts it, or believes it. */
export interface Assessment {
  /** Why signatures of this key are never believed; undefined where they may be. */
  readonly unsupported: string | undefined;
  readonly warnings: readonly string[];
}

export function assessKey(key: PublicKey): Assessment {
  const parts = [key.openpgp, ...key.openpgp.subkeys].map((part) => part.getAlgorithmInfo());
  const curve = parts.find((part) => part.curve?.startsWith("brainpool") === true)?.curve;
  const warnings: string[] = [];
  const [primary] = parts;
  if (primary?.algorithm === "dsa") {
    warnings.push(
      `${key.fingerprint} is a DSA key, which is no longer made; have the signer move to another`,
    );
  }
  if (certifications(key).every((digest) => digest === sha1)) {
    warnings.push(`${key.fingerprint} is certified with SHA-1 only; have its owner renew it`);
  }
  return { unsupported: curve === undefined ? undefined : `curve ${curve}`, warnings };
}

/** Its number in OpenPGP. */
const sha1: number = 2;

function certifications(key: PublicKey): readonly number[] {
  return key.openpgp.users.flatMap((user) =>
    user.selfCertifications.flatMap(({ hashAlgorithm }) => (hashAlgorithm === null ? [] : [hashAlgorithm])),
  );
}
