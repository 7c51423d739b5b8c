/** The engine's package, on the operator's machine. */
import type { ResourceKind } from "../protocol/resource.ts";
import { enginePackage } from "./package.ts";

export function engineKinds(): ResourceKind[] {
  return [enginePackage()];
}
