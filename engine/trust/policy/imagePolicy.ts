/** What an image policy says, once it is parsed. */
export interface ImagePolicy {
  /** The file that says so. */
  readonly file: string;
  /** `registry`, `registry/path` or `*`; see repositoryPrefix.ts. */
  readonly prefixes: readonly string[];
  /** Any one of these is enough; "anything" where no signature is asked for. */
  readonly accept: readonly Acceptance[] | "anything";
}

export type Acceptance = SigstoreAcceptance | SimpleSigningAcceptance;

export interface SigstoreAcceptance {
  readonly scheme: "sigstore";
  /** A public key: PEM, or the path of a file that holds it. */
  readonly key: KeySource;
  readonly signedAs: string | undefined;
}

export interface SimpleSigningAcceptance {
  readonly scheme: "simple-signing";
  /** Path of a file of OpenPGP public keys. */
  readonly keyring: string;
  /** URL or folder of the signatures. */
  readonly lookaside: string;
  readonly signedAs: string | undefined;
}

export type KeySource = { readonly pem: string } | { readonly path: string };
