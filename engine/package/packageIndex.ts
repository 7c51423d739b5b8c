/** What `make package` has made, for whoever installs it: index.json beside the packages. */
import { z } from "zod";

export const packageIndexName = "index.json";

const indexedPackage = z.object({
  path: z.string(),
  signature: z.string(),
  version: z.string(),
  sha256: z.string(),
  size: z.int(),
});

const packageIndex = z.object({
  /** Of the key that signed, lower case. */
  fingerprint: z.string(),
  /** Path of its armored public key. */
  publicKey: z.string(),
  packages: z.object({ amd64: indexedPackage.optional(), arm64: indexedPackage.optional() }),
});

export type IndexedPackage = z.infer<typeof indexedPackage>;
export type PackageIndex = z.infer<typeof packageIndex>;

/** Throws where it is not what `make package` writes. */
export function parsePackageIndex(text: string): PackageIndex {
  return packageIndex.parse(JSON.parse(text));
}
