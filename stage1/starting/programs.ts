import { join } from "node:path";

/** A program that came with a flavour, as the package installs it. RKT_LIBRARY is for a checkout that is tried out. */
export function flavourProgram(flavour: string, name: string): string {
  return join(process.env["RKT_LIBRARY"] ?? "/usr/lib/rkt", "stage1", flavour, name);
}
