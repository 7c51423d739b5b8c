import { createHash, type Hash } from "node:crypto";

/** Digests that a signature may use, by their number in OpenPGP. */
const sound: Readonly<Record<number, string>> = {
  8: "sha256",
  9: "sha384",
  10: "sha512",
  11: "sha224",
  12: "sha3-256",
  14: "sha3-512",
};

/** Digests under which two contents with one signature can be made, or soon will be. */
const weak: Readonly<Record<number, string>> = { 1: "MD5", 2: "SHA-1", 3: "RIPEMD-160" };

export type DigestJudgement =
  | { readonly kind: "sound"; readonly name: string }
  | { readonly kind: "weak"; readonly name: string }
  | { readonly kind: "unknown"; readonly number: number };

export function judgeDigest(number: number): DigestJudgement {
  const name = sound[number];
  if (name !== undefined) return { kind: "sound", name };
  const weakName = weak[number];
  if (weakName !== undefined) return { kind: "weak", name: weakName };
  return { kind: "unknown", number };
}

/** Hashes a content as it passes by. */
export interface ContentHash {
  update(chunk: Uint8Array): void;
  /** The digest over the content and what a signature adds to it; the content can still be finished for others. */
  finish(trailer: Uint8Array): Buffer;
}

export function contentHash(digest: string, text: boolean, salt?: Uint8Array): ContentHash {
  const hash = createHash(digest);
  if (salt !== undefined) hash.update(salt);
  const update = text ? canonicalText(hash) : (chunk: Uint8Array): void => void hash.update(chunk);
  return { update, finish: (trailer) => hash.copy().update(trailer).digest() };
}

/** A text signature is over lines that end in CR LF, whatever they end in here. */
function canonicalText(hash: Hash): (chunk: Uint8Array) => void {
  let last = 0;
  return (chunk) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) {
      const before = at === 0 ? last : chunk[at - 1];
      if (before === 13) continue;
      hash.update(chunk.subarray(from, at));
      hash.update("\r\n");
      from = at + 1;
    }
    hash.update(chunk.subarray(from));
    last = chunk.at(-1) ?? last;
  };
}
