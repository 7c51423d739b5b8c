/** The machines that the package is made for, under the names that each tool has for them. */
import { Fault } from "../../errors/fault.ts";

export const architectures = ["amd64", "arm64"] as const;

/** Debian's name. */
export type Architecture = (typeof architectures)[number];

/** The C compiler that makes programs for it; the machine's own where that is the same. */
export const compilerOf: Readonly<Record<Architecture, string>> = {
  amd64: "x86_64-linux-gnu-gcc",
  arm64: "aarch64-linux-gnu-gcc",
};

/** As npm and Node.js call it. */
export const nodeNameOf: Readonly<Record<Architecture, "x64" | "arm64">> = { amd64: "x64", arm64: "arm64" };

export function parseArchitectures(text: string): readonly Architecture[] {
  const names = text.split(",");
  const known = architectures.filter((architecture) => names.includes(architecture));
  const unknown = names.filter((name) => !known.some((architecture) => architecture === name));
  if (unknown.length > 0)
    throw new Fault({
      what: "the package is not made for this architecture",
      got: unknown.join(", "),
      allowed: architectures.join(", "),
    });
  return known;
}
