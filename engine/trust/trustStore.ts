import type { Readable } from "node:stream";

/** The keys under trustedkeys/ of the system and the local folder, and the policy for OCI images beside them. */
export interface TrustStore {
  /**
   * Checks a detached signature over a stream of bytes for an image of that name. Throws a Fault with rkt's words where
   * it does not hold, or where nobody trusted made it. The content is read to its end, or destroyed.
   */
  verifyDetached(imageName: string, content: Readable, signature: Uint8Array): Promise<Signer>;
  /** Decides whether an OCI image may run, and by whose word. `fetchSignatures` asks the registry for what lies beside it. */
  verifyOci(image: OciToVerify, signatures: OciSignatureSource): Promise<Signer>;
}

export interface Signer {
  /** `unverified` where a policy accepts anything: nobody signed, and who asks must say so. */
  readonly scheme: "openpgp" | "sigstore" | "simple-signing" | "unverified";
  /** Lower-case fingerprint of the primary key, or `sha256:` and the digest of a sigstore public key. */
  readonly key: string;
  /** A user id such as `Test Signer <t@example.com>`; empty where the scheme has none. */
  readonly identity: string;
}

export interface OciToVerify {
  /** `registry/repository`, without tag or digest. */
  readonly repository: string;
  /** What the person asked for, with its tag or digest. */
  readonly reference: string;
  readonly manifestDigest: string;
}

/** Bytes that lie beside an image in its registry (or its layout), for the policies that need them. */
export interface OciSignatureSource {
  /** cosign's `sha256-….sig` manifest with its layers: payload and annotations of each. */
  cosign(): Promise<
    readonly { readonly payload: Uint8Array; readonly annotations: Readonly<Record<string, string>> }[]
  >;
  /** cosign's bundles, as it attaches them from version 3 on. */
  bundles(): Promise<readonly Uint8Array[]>;
  /** Signatures of OpenPGP simple signing, from the lookaside folder or server that the policy names. */
  simpleSigning(lookaside: string): Promise<readonly Uint8Array[]>;
}
