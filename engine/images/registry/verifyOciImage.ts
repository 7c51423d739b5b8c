import type { ImageRecord } from "../../store/records.ts";
import { warnOfInsecurity, type Fetching } from "../download/fetching.ts";
import { verificationBy } from "../download/verifiedImport.ts";
import { signaturesOf, type SignatureShelf } from "./signatures.ts";

export interface OciCandidate {
  readonly registry: string;
  readonly repository: string;
  /** What was asked for, whole but without `docker://`: its tag must be the one that was signed. */
  readonly reference: string;
  /** Of the index, if there is one, and of the manifest that was chosen from it: whichever is signed will do. */
  readonly digests: readonly [string, ...string[]];
}

/** By whose word an OCI image comes in. Asked before any of its layers is fetched. */
export async function verifyOciImage(
  fetching: Fetching,
  shelf: SignatureShelf,
  { registry, repository, reference, digests }: OciCandidate,
): Promise<ImageRecord["verification"]> {
  const { context, trust } = fetching;
  if (context.insecure.image) {
    warnOfInsecurity(context, true);
    return { by: "nothing", reason: "--insecure-options=image" };
  }
  const refusals: unknown[] = [];
  for (const manifestDigest of new Set(digests)) {
    try {
      const asked = { repository: `${registry}/${repository}`, reference, manifestDigest };
      const signer = await trust.verifyOci(asked, signaturesOf(shelf, repository, manifestDigest, fetching));
      return verificationBy(signer, context.report);
    } catch (error) {
      refusals.push(error);
    }
  }
  throw refusals[0];
}
