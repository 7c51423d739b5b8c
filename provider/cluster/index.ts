/** What belongs to a cluster as a whole: its identity, and which nodes are in it. */
import type { ResourceKind } from "../protocol/resource.ts";
import { clusterIdentity } from "./identity.ts";
import { registrationKind } from "./registration.ts";

export function clusterKinds(): ResourceKind[] {
  return [clusterIdentity, registrationKind];
}
