import { isIP } from "node:net";
import { Fault } from "../../errors/fault.ts";
import type { ExposedPort, PodManifest } from "../appc/podManifest.ts";
import type { PortForward } from "./podNetwork.ts";

const acName = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** The value of `--port`: `NAME:[HOSTIP:]HOSTPORT`, where NAME is a port that an app of the pod declares. */
export function parsePort(text: string): ExposedPort {
  const first = text.indexOf(":");
  const last = text.lastIndexOf(":");
  if (first === -1) throw new Fault({ what: `${JSON.stringify(text)} is not in name:[ip:]port format` });
  const name = text.slice(0, first);
  assertName(name);
  const hostPort = parseNumber(text.slice(last + 1));
  if (first === last) return { name, hostPort };
  return { name, hostPort, hostIP: parseAddress(text.slice(first + 1, last)) };
}

/** The value of `rkt app sandbox --port`: `name:proto:podPort:hostIP:hostPort`. */
export function parseRawPort(text: string): ExposedPort {
  const [name = "", protocol = "", podPort = "", ...rest] = text.split(":");
  const hostPort = rest.pop();
  if (hostPort === undefined || rest.length === 0) throw new Fault({ what: "--port invalid format" });
  assertName(name);
  return {
    name,
    hostPort: parseNumber(hostPort),
    hostIP: parseAddress(rest.join(":")),
    podPort: { name, protocol: parseProtocol(protocol), port: parseNumber(podPort) },
  };
}

/**
 * A pod's forwarded ports: those its manifest exposes, each matched by name with a port that one of its apps declares,
 * unless it says itself which port of the pod it means.
 */
export function forwardedPorts(manifest: PodManifest): readonly PortForward[] {
  const forwards: PortForward[] = [];
  for (const exposed of manifest.ports) {
    const inside = exposed.podPort ?? declaredPort(manifest, exposed.name);
    const forward: PortForward = {
      name: exposed.name,
      protocol: parseProtocol(inside.protocol),
      podPort: inside.port,
      hostPort: exposed.hostPort,
      ...(exposed.hostIP === undefined ? {} : { hostIP: exposed.hostIP }),
    };
    const taken = forwards.find((other) => overlaps(other, forward));
    if (taken !== undefined) {
      const address = forward.hostIP ?? everyAddress;
      throw new Fault({
        what: `port ${forward.protocol}-${address}:${forward.hostPort} already mapped to pod port ${taken.podPort}`,
      });
    }
    forwards.push(forward);
  }
  return forwards;
}

export const everyAddress = "0.0.0.0";

/** Whether one packet could be meant by both. */
export function overlaps(
  one: Pick<PortForward, "protocol" | "hostPort" | "hostIP">,
  other: Pick<PortForward, "protocol" | "hostPort" | "hostIP">,
): boolean {
  if (one.protocol !== other.protocol || one.hostPort !== other.hostPort) return false;
  const addresses = [one.hostIP ?? everyAddress, other.hostIP ?? everyAddress];
  return addresses.includes(everyAddress) || addresses[0] === addresses[1];
}

function declaredPort(manifest: PodManifest, name: string): { protocol: string; port: number } {
  const declared = manifest.apps.flatMap(({ app }) => app?.ports.filter((port) => port.name === name) ?? []);
  const [port, second] = declared;
  if (port === undefined) {
    throw new Fault({ what: `port name ${JSON.stringify(name)} could not be found in any apps` });
  }
  if (second !== undefined) {
    throw new Fault({ what: `port name ${JSON.stringify(name)} defined multiple apps` });
  }
  return port;
}

function assertName(name: string): void {
  if (acName.test(name)) return;
  throw new Fault({
    what: `${JSON.stringify(name)} is not a valid port name`,
    allowed: "lower case letters, digits and single dashes between them",
  });
}

function parseProtocol(text: string): "tcp" | "udp" {
  if (text === "tcp" || text === "udp") return text;
  throw new Fault({ what: `invalid protocol ${JSON.stringify(text)}`, allowed: "tcp, udp" });
}

function parseNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw new Fault({ what: `${JSON.stringify(text)} is not a valid port number`, allowed: "1 to 65535" });
  }
  return port;
}

function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new Fault({ what: `${JSON.stringify(text)} is not a valid IP` });
  return text;
}
