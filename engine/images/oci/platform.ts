/** Which of an index's images fits this machine. */
import { Fault } from "../../../errors/fault.ts";
import type { OciIndex } from "./documents.ts";

export interface Platform {
  readonly os: string;
  /** As Go and OCI name it. */
  readonly architecture: string;
  readonly variant?: string;
}

export function platformOfThisMachine(architecture: string = process.arch): Platform {
  switch (architecture) {
    case "x64":
      return { os: "linux", architecture: "amd64" };
    case "arm64":
      return { os: "linux", architecture: "arm64", variant: "v8" };
    case "arm":
      return { os: "linux", architecture: "arm", variant: "v7" };
    case "ia32":
      return { os: "linux", architecture: "386" };
    default:
      return { os: "linux", architecture };
  }
}

type Entry = OciIndex["manifests"][number];

/** The entry for a platform; of several, the one whose variant is nearest and that stands first. */
export function entryFor(platform: Platform, index: OciIndex, where: string): Entry {
  const fitting = index.manifests
    .map((entry) => ({ entry, distance: distanceOf(entry, platform) }))
    .filter(({ distance }) => distance !== Infinity)
    .toSorted((one, other) => one.distance - other.distance);
  const best = fitting[0]?.entry;
  if (best !== undefined) return best;
  // An index without platforms has one image, or is none that could be chosen from.
  const only = index.manifests[0];
  if (index.manifests.length === 1 && only !== undefined && !only.platform) return only;
  throw new Fault({
    what: "the image is not made for this machine",
    where,
    got: index.manifests.map(({ platform: one }) => shown(one)).join(", ") || "nothing at all",
    allowed: shown(platform),
    remedy: "ask for another tag, or build the image for this platform too",
  });
}

function distanceOf({ platform: offered }: Entry, wanted: Platform): number {
  if (!offered || offered.os !== wanted.os || offered.architecture !== wanted.architecture) return Infinity;
  if (wanted.variant === undefined) return isSet(offered.variant) ? 1 : 0;
  // arm64 has said v8 only since some time; arm runs what was made for an older one.
  if (!isSet(offered.variant)) return wanted.architecture === "arm64" ? 0 : 50;
  if (offered.variant === wanted.variant) return 0;
  const older = versionOf(wanted.variant) - versionOf(offered.variant);
  return older > 0 ? older : Infinity;
}

function versionOf(variant: string): number {
  return Number(/^v(\d+)$/.exec(variant)?.[1] ?? Number.NaN);
}

function isSet(text: string | null | undefined): text is string {
  return text !== null && text !== undefined && text !== "";
}

function shown(platform: Entry["platform"] | Platform): string {
  if (!platform) return "no platform";
  const variant = isSet(platform.variant) ? `/${platform.variant}` : "";
  return `${platform.os}/${platform.architecture}${variant}`;
}

/** What appc calls an architecture of Go's. */
export function appcArchitecture(architecture: string, variant?: string): string {
  switch (architecture) {
    case "386":
      return "i386";
    case "arm64":
      return "aarch64";
    case "arm":
      return variant === "v6" ? "armv6l" : "armv7l";
    default:
      return architecture;
  }
}
