import type { Readable } from "node:stream";
import { Fault, messageOf } from "../../../errors/fault.ts";
import type { Signer } from "../trustStore.ts";
import { type ContentHash, contentHash, judgeDigest } from "./digests.ts";
import { keyRules, type PublicKey } from "./publicKeys.ts";
import type { ContentSignature, SignatureFile } from "./signatures.ts";
import { judgeKey, judgeSignatureDates, type SignaturePolicy } from "./validity.ts";

/** Nobody among the keys made any of the signatures. The one refusal that another `rkt trust` can mend. */
export class UnknownSigner extends Fault {}

/**
 * Verifies detached signatures over a content that streams by once. One good signature by one of the keys is enough.
 * Throws a Fault otherwise, and destroys the content where it does not read it to its end.
 */
export async function verifyDetachedWith(
  keys: readonly PublicKey[],
  content: Readable,
  signature: Uint8Array,
  policy: SignaturePolicy = { validAt: "now" },
): Promise<Signer> {
  // It may fail while keys are read, when nobody listens yet; the loop over it tells then.
  content.on("error", () => undefined);
  try {
    const { readSignatureFile } = await import("./signatures.ts");
    return await verifySignatures(keys, content, await readSignatureFile(signature), policy);
  } finally {
    content.destroy();
  }
}

/** The same for signatures that are already parsed; the content may be any sequence of bytes. */
export async function verifySignatures(
  keys: readonly PublicKey[],
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  file: SignatureFile,
  policy: SignaturePolicy,
): Promise<Signer> {
  const attempts = file.signatures.flatMap((signature) =>
    keys.filter((key) => mayHaveMade(key, signature)).map((key) => ({ key, signature })),
  );
  if (attempts.length === 0) throw unknownSigner(file, keys);

  const refusals: Fault[] = [];
  const hashed = hashesFor(attempts.map(({ signature }) => signature));
  for (const { signature } of attempts) {
    const refusal = refusalOfDigest(signature.digest);
    if (refusal !== undefined) refusals.push(refusal);
  }
  if (hashed.size > 0) await hashAll(content, [...hashed.values()]);

  for (const { key, signature } of attempts) {
    const hash = hashed.get(hashName(signature));
    if (hash === undefined) continue;
    try {
      const digest = hash.finish(signature.trailer);
      await verifyDigest(key, signature, digest, policy);
      return {
        scheme: "openpgp",
        key: key.fingerprint,
        identity: await primaryIdentity(key),
      };
    } catch (refusal) {
      if (!(refusal instanceof Fault)) throw refusal;
      refusals.push(refusal);
    }
  }
  const [first] = refusals;
  throw first ?? unknownSigner(file, keys);
}

function mayHaveMade(key: PublicKey, { packet }: ContentSignature): boolean {
  const { issuerFingerprint, issuerKeyID } = packet;
  const named = issuerFingerprint === null ? undefined : Buffer.from(issuerFingerprint).toString("hex");
  return key.openpgp
    .getKeys(issuerKeyID)
    .some((candidate) => named === undefined || candidate.getFingerprint() === named);
}

async function verifyDigest(
  key: PublicKey,
  signature: ContentSignature,
  digest: Buffer,
  policy: SignaturePolicy,
): Promise<void> {
  const { packet, type } = signature;
  if (!digest.subarray(0, 2).equals(packet.signedHashValue ?? Buffer.alloc(0))) {
    throw new Fault({ what: "openpgp: invalid signature: hash tag doesn't match" });
  }
  const config = await keyRules();
  const [issuer] = key.openpgp.getKeys(packet.issuerKeyID);
  if (issuer === undefined) throw new Fault({ what: unknownEntity });
  try {
    // Where a message is read as a stream, the library hashes on the way and leaves the digest here. We hash ourselves,
    // at the speed of the machine, and leave ours. No content is passed on, so no other digest can come about.
    await Object.assign(packet, { hashed: digest }).verify(
      issuer.keyPacket,
      type,
      nothingToHash,
      signature.created,
      true,
      config,
    );
  } catch (cause) {
    throw new Fault({
      what:
        messageOf(cause) === "Signature verification failed"
          ? `openpgp: invalid signature: ${algorithmName(issuer.getAlgorithmInfo().algorithm)} verification failure`
          : `openpgp: invalid signature: ${messageOf(cause)}`,
    });
  }
  judgeSignatureDates(signature, policy);
  await judgeKey(key, issuer.getFingerprint(), signature, policy);
}

const nothingToHash = {
  text: null,
  getBytes(): Uint8Array {
    throw new Error("the content is hashed before");
  },
};

function algorithmName(algorithm: string): string {
  if (algorithm.startsWith("rsa")) return "RSA";
  if (algorithm.startsWith("ed")) return "EdDSA";
  return algorithm.toUpperCase();
}

async function primaryIdentity(key: PublicKey): Promise<string> {
  try {
    const { user } = await key.openpgp.getPrimaryUser(undefined, undefined, await keyRules());
    return user.userID?.userID ?? "";
  } catch {
    // A version 6 key needs no user id; and what is valid about a key was judged before.
    return key.identities[0] ?? "";
  }
}

function hashName({ digest, text, salt }: ContentSignature): string {
  return `${digest} ${text} ${salt === undefined ? "" : Buffer.from(salt).toString("hex")}`;
}

/** As many hashes as there are different ways to hash, which is one for nearly every file. */
function hashesFor(signatures: readonly ContentSignature[]): Map<string, ContentHash> {
  const hashes = new Map<string, ContentHash>();
  for (const signature of signatures) {
    const judgement = judgeDigest(signature.digest);
    const name = hashName(signature);
    if (judgement.kind !== "sound" || hashes.has(name)) continue;
    hashes.set(name, contentHash(judgement.name, signature.text, signature.salt));
  }
  return hashes;
}

async function hashAll(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  hashes: readonly ContentHash[],
): Promise<void> {
  for await (const chunk of content) {
    for (const hash of hashes) hash.update(chunk);
  }
}

function refusalOfDigest(number: number): Fault | undefined {
  const judgement = judgeDigest(number);
  switch (judgement.kind) {
    case "sound":
      return undefined;
    case "weak":
      return new Fault({
        what: `openpgp: invalid signature: made with ${judgement.name}, which can be forged`,
        allowed: "SHA-224, SHA-256, SHA-384, SHA-512, SHA3-256, SHA3-512",
        remedy: "have it signed again, e.g. with gpg --digest-algo SHA512",
      });
    case "unknown":
      return new Fault({ what: `openpgp: unsupported feature: hash function ${judgement.number}` });
  }
}

const unknownEntity = "openpgp: signature made by unknown entity";

function unknownSigner(file: SignatureFile, keys: readonly PublicKey[]): Fault {
  const [unusable] = file.unusable;
  if (file.signatures.length === 0 && unusable !== undefined) {
    return new Fault({ what: `openpgp: unsupported feature: ${unusable}` });
  }
  const makers = file.signatures.map(({ packet }) =>
    packet.issuerFingerprint === null
      ? `key ${packet.issuerKeyID.toHex()}`
      : Buffer.from(packet.issuerFingerprint).toString("hex"),
  );
  return new UnknownSigner({
    what: unknownEntity,
    got: `signed by ${makers.join(", ")}`,
    allowed:
      keys.length === 0
        ? "nobody, for no key is trusted here"
        : keys.map((key) => key.fingerprint).join(", "),
  });
}
