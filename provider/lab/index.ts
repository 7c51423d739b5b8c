/** The lab's kinds of resources, for the provider to serve. */
import type { ResourceKind } from "../protocol/resource.ts";
import { kvmHostKind, nspawnHostKind } from "./host.ts";
import { networkKind } from "./network.ts";
import { registryKind } from "./registry.ts";

export function labKinds(): ResourceKind[] {
  return [networkKind, nspawnHostKind, kvmHostKind, registryKind];
}
