import { networkInterfaces } from "node:os";
import { Fault } from "../../errors/fault.ts";
import type { PodNetwork } from "../network/podNetwork.ts";
import { metadataPort } from "./places.ts";

/** Where a pod asks, for a token: AC_METADATA_URL. Throws a Fault where its networks do not lead to the host. */
export function metadataAddress(network: PodNetwork): (token: string, port?: number) => string {
  const host = hostAddress(network, ownAddresses());
  return (token, port = metadataPort) => `http://${host}:${port}/${token}`;
}

/** The host as the pod sees it: its end of the first network where it has one. */
export function hostAddress(network: PodNetwork, own: readonly string[]): string {
  if (network.kind === "host") return "127.0.0.1";
  const [gateways, attached] = network.kind === "own" ? [network.gateways ?? [], network.attached] : [[], []];
  const found = gateways.find((gateway) => own.includes(gateway));
  if (found !== undefined) return found;
  throw new Fault({
    what: "--mds-register: this pod cannot reach the host by its networks",
    got: attached.map(({ netName }) => netName).join(", ") || "none",
    allowed: "host, default, default-restricted, or a network with the host as the gateway",
  });
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter(({ family }) => family === "IPv4").map(({ address }) => address),
  );
}
