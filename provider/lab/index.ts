/** The lab's kinds of resources, for the provider to serve. */
import type { ResourceKind } from "../protocol/resource.ts";
import { networkKind } from "./network.ts";
import { nspawnHostKind } from "./nspawn-host.ts";
import { registryKind } from "./registry.ts";

export function labKinds(): ResourceKind[] {
  return [networkKind, nspawnHostKind, registryKind];
}
