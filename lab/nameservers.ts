/** Which name servers a host can ask: the machine's own, unless they listen on the machine's loopback only. */
import { Fault } from "../errors/fault.ts";
import { readIfThere } from "./files.ts";

/** Files with the servers behind a local stub (systemd-resolved, NetworkManager). */
const sources = [
  "/etc/resolv.conf",
  "/run/systemd/resolve/resolv.conf",
  "/run/NetworkManager/no-stub-resolv.conf",
];

export async function machineNameservers(): Promise<string[]> {
  for (const source of sources) {
    const found = reachableNameservers((await readIfThere(source)) ?? "");
    if (found.length > 0) return found;
  }
  throw new Fault({
    what: "no name server is known that a lab host could ask",
    got: `none but loopback addresses in ${sources.join(", ")}`,
    remedy: "name them with `nameservers` of the lab network",
  });
}

/** IPv4 servers in the text of a resolv.conf that are reachable from another host. */
export function reachableNameservers(text: string): string[] {
  return text
    .split("\n")
    .map((line) => /^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/.exec(line)?.[1])
    .filter((server) => server !== undefined)
    .filter((server) => !server.startsWith("127."));
}
