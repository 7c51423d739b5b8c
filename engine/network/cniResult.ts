import { isIPv4 } from "node:net";
import { Fault, messageOf } from "../../errors/fault.ts";
import { isObject, objectsIn, stringIn, stringsIn } from "./json.ts";
import type { DnsSettings } from "./nameResolution.ts";

/** What a plugin did, whichever version of CNI it says it in. */
export interface CniResult {
  readonly addresses: readonly {
    readonly address: string;
    readonly prefix: number;
    readonly gateway?: string;
  }[];
  readonly dns: DnsSettings;
  /** As it was said: the next plugin, and removal, are told it so. */
  readonly said: unknown;
}

/** A plugin that has nothing to say changed nothing: undefined. */
export function parseResult(network: string, text: string): CniResult | undefined {
  if (text.trim() === "") return undefined;
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (error) {
    throw new Fault({
      what: `failed to setup network: error parsing ${JSON.stringify(network)} result`,
      got: text.trim().slice(0, 400),
      cause: messageOf(error),
    });
  }
  if (!isObject(said)) return undefined;
  const current = objectsIn(said.ips).map((entry) => ({ address: entry.address, gateway: entry.gateway }));
  const before = [said.ip4, said.ip6]
    .filter(isObject)
    .map((entry) => ({ address: entry.ip, gateway: entry.gateway }));
  const dns = isObject(said.dns) ? said.dns : {};
  const domain = stringIn(dns.domain);
  return {
    addresses: [...current, ...before].flatMap((entry) => {
      const [address = "", prefix = ""] = (stringIn(entry.address) ?? "").split("/");
      const gateway = stringIn(entry.gateway);
      if (address === "") return [];
      return [{ address, prefix: Number(prefix), ...(gateway === undefined ? {} : { gateway }) }];
    }),
    dns: {
      nameservers: stringsIn(dns.nameservers),
      search: stringsIn(dns.search),
      options: stringsIn(dns.options),
      ...(domain === undefined ? {} : { domain }),
    },
    said,
  };
}

/** The address by which net-info.json knows the pod: its first IPv4 one, or what there is. */
export function mainAddress(result: CniResult | undefined): { readonly ip: string; readonly mask: string } {
  const addresses = result?.addresses ?? [];
  const main = addresses.find(({ address }) => isIPv4(address)) ?? addresses[0];
  if (main === undefined) return { ip: "", mask: "" };
  return { ip: main.address, mask: isIPv4(main.address) ? maskOf(main.prefix) : "" };
}

function maskOf(prefix: number): string {
  return [0, 8, 16, 24]
    .map((skipped) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - skipped))))
    .join(".");
}

/** What a plugin says when it fails: its message, and details if it has any. */
export function pluginComplaint(stdout: string, stderr: string): string {
  try {
    const said: unknown = JSON.parse(stdout);
    if (isObject(said)) {
      const message = stringIn(said.msg);
      const details = stringIn(said.details);
      if (message !== undefined) return details === undefined ? message : `${message}; ${details}`;
    }
  } catch {
    // It failed too early to speak CNI; what it printed is all there is.
  }
  const printed = `${stdout}\n${stderr}`.trim();
  return `netplugin failed but error parsing its diagnostic message ${JSON.stringify(printed)}`;
}
