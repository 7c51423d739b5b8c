/** Keys and certificates that live in the stack's state. */
import type { ResourceKind } from "../protocol/resource.ts";
import { authorityKind } from "./authority.ts";
import { systemClock, type Clock } from "./clock.ts";
import { keyPairKind } from "./key-pair.ts";
import { leavesKind } from "./leaves.ts";
import { randomSecretKind } from "./random-secret.ts";

export function pkiKinds(clock: Clock = systemClock): ResourceKind[] {
  return [authorityKind(clock), leavesKind(clock), keyPairKind, randomSecretKind];
}
