/** An ACI by its name. */
import { Fault } from "../../../errors/fault.ts";
import type { StoredImage } from "../../store/records.ts";
import { nothingFetched, type Fetching, type PullPolicy } from "../download/fetching.ts";
import { fetchUrl } from "../download/fetchUrl.ts";
import { showName, type NameReference } from "../reference.ts";
import { discoverImage } from "./discover.ts";
import { trustDiscoveredKeys } from "./discoveredKeys.ts";
import { withDefaults } from "./platformLabels.ts";

export async function fetchName(
  fetching: Fetching,
  reference: NameReference,
  { signature, pullPolicy }: { readonly signature?: string | undefined; readonly pullPolicy: PullPolicy },
): Promise<StoredImage> {
  const wanted = withDefaults(reference);
  assertKnownSystem(wanted);
  if (pullPolicy !== "update") {
    const known = await fetching.store.byName(wanted.name, wanted.labels);
    if (known !== undefined) return known;
  }
  if (pullPolicy === "never") throw nothingFetched("image from image name", showName(reference));
  const { context, transport, patience, signal } = fetching;
  const discovering = { context, transport, patience, plainHttp: context.insecure.http, signal };
  const endpoint = await discoverImage(discovering, wanted);
  if (!context.insecure.image) await trustDiscoveredKeys(fetching, wanted.name);
  const aci = {
    url: endpoint.image,
    signatureUrl: endpoint.signature,
    signaturePath: signature,
    latest: !wanted.labels.has("version"),
    expected: wanted,
  };
  // Whether the name is in the store was asked above; what the address stood for once is asked again.
  return await fetchUrl(fetching, aci, "update");
}

const architectures = [
  "amd64",
  "i386",
  "aarch64",
  "aarch64_be",
  "armv6l",
  "armv7l",
  "armv7b",
  "ppc64",
  "ppc64le",
  "s390x",
];

function assertKnownSystem(wanted: NameReference): void {
  const os = wanted.labels.get("os") ?? "";
  const arch = wanted.labels.get("arch") ?? "";
  const shown = JSON.stringify(showName(wanted));
  if (os !== "linux")
    throw new Fault({ what: `bad os ${JSON.stringify(os)} (must be one of: [linux])`, got: shown });
  if (architectures.includes(arch)) return;
  throw new Fault({
    what: `bad arch ${JSON.stringify(arch)} for linux (must be one of: [${architectures.join(" ")}])`,
    got: shown,
  });
}
