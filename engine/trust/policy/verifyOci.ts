import type { Folders, Report } from "../../context.ts";
import { Fault } from "../../../errors/fault.ts";
import type { OciSignatureSource, OciToVerify, Signer } from "../trustStore.ts";
import { canonicalRepository } from "./identity.ts";
import type { Acceptance } from "./imagePolicy.ts";
import { loadPolicies } from "./loadPolicies.ts";
import { type Covering, policyFor } from "./repositoryPrefix.ts";
import { acceptBySigstore } from "./sigstore.ts";
import { acceptBySimpleSigning } from "./simpleSigning.ts";

/** Decides by the policies whether an OCI image may be used; throws a Fault with every reason where it may not. */
export async function verifyOciImage(
  asked: OciToVerify,
  signatures: OciSignatureSource,
  folders: Pick<Folders, "system" | "local">,
  report: Report,
): Promise<Signer> {
  const repository = canonicalRepository(asked.repository);
  const covering = repository === undefined ? undefined : policyFor(repository, await loadPolicies(folders));
  if (repository === undefined || covering === undefined) throw notCovered(asked.repository, folders);
  const { policy, prefix } = covering;
  if (policy.accept === "anything") {
    report.warn(`${asked.reference} is not verified: ${policy.file} accepts anything under ${prefix}`);
    return { scheme: "unverified", key: "", identity: "" };
  }

  const image = { ...asked, repository };
  const refusals: Fault[] = [];
  for (const acceptance of policy.accept) {
    try {
      return await acceptBy(acceptance, prefix, image, signatures);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      refusals.push(error);
    }
  }
  throw refused(image, covering, refusals);
}

function acceptBy(
  acceptance: Acceptance,
  prefix: string,
  image: OciToVerify,
  signatures: OciSignatureSource,
): Promise<Signer> {
  switch (acceptance.scheme) {
    case "sigstore":
      return acceptBySigstore(acceptance, prefix, image, signatures);
    case "simple-signing":
      return acceptBySimpleSigning(acceptance, prefix, image, signatures);
  }
}

function notCovered(repository: string, { local }: Pick<Folders, "local">): Fault {
  return new Fault({
    what: `no image policy says who may sign ${repository} (try --insecure-options=image)`,
    remedy: `write a policy for it into ${local}/trust.d, as docs/trust.md shows`,
  });
}

function refused(image: OciToVerify, { policy, prefix }: Covering, refusals: readonly Fault[]): Fault {
  const reasons = refusals.map((refusal) => `- ${refusal.message.replaceAll("\n", "\n  ")}`);
  return new Fault({
    what: `signature verification of ${image.reference} (${image.manifestDigest}) failed\n${reasons.join("\n")}`,
    allowed: `what ${policy.file} accepts under ${prefix}`,
  });
}
