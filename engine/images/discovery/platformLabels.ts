import { appcArchitecture, platformOfThisMachine } from "../oci/platform.ts";
import type { NameReference } from "../reference.ts";

/** An image is asked for as made for this machine, unless its reference says otherwise. */
export function withDefaults(reference: NameReference, machine: string = process.arch): NameReference {
  const { os, architecture, variant } = platformOfThisMachine(machine);
  const labels = new Map(reference.labels);
  if (!labels.has("os")) labels.set("os", os);
  if (!labels.has("arch")) labels.set("arch", appcArchitecture(architecture, variant));
  return { ...reference, labels };
}
