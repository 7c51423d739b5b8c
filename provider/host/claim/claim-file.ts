/** Who a host belongs to, as written on the host itself. */
import { z } from "zod";
import { Fault } from "../../../errors/fault.ts";
import { CLAIM_FILE } from "../layout.ts";
import type { HostWork } from "../remote/work.ts";

const claimSchema = z.object({
  /** Stack and host: what a role shows to prove that it belongs here. */
  claim: z.string(),
  stack: z.string(),
  host: z.string(),
  /** Counts how often the host was claimed, so that a late writer can be told from the present one. */
  generation: z.int(),
  since: z.string(),
});

export type ClaimFile = z.infer<typeof claimSchema>;

/** The claim, or undefined when the host has none. */
export function claimOf(found: unknown): ClaimFile | undefined {
  return found === undefined ? undefined : claimSchema.parse(found);
}

export function claimName(stack: string, host: string): string {
  return `${stack}/${host}`;
}

export function assertClaimed(work: HostWork, found: unknown, claim: string): void {
  const owner = claimOf(found);
  if (owner?.claim === claim) return;
  throw new Fault({
    what:
      owner === undefined
        ? "the host is not claimed, so nothing is changed on it"
        : "the host is claimed by another stack, so nothing is changed on it",
    where: `${work.host}: ${CLAIM_FILE}`,
    got: owner === undefined ? "no claim" : `${owner.claim}, since ${owner.since}`,
    allowed: claim,
    remedy:
      owner === undefined
        ? "the machine may have been installed anew: run `pulumi refresh`, then `pulumi up`, so that it is claimed again"
        : "destroy the other stack, or take the host out of this one",
  });
}
