/** Outside programs and images, on the operator's machine. */
import type { ResourceKind } from "../protocol/resource.ts";
import { artefactKind, type ArtefactOptions } from "./artefact.ts";

export function artefactKinds(options?: ArtefactOptions): ResourceKind[] {
  return [artefactKind(options)];
}
