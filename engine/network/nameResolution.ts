import { isIP } from "node:net";
import { Fault } from "../../errors/fault.ts";

/** What `--dns`, `--dns-search`, `--dns-opt`, `--dns-domain` and `--hosts-entry` say together. */
export interface NameResolution {
  /** `default`: what a network's plugin says, and else the image's own file. `stage0`: `dns` below. */
  readonly resolvConf: "host" | "stage0" | "none" | "default";
  readonly hosts: "host" | "stage0" | "default";
  readonly dns: DnsSettings;
  readonly hostsEntries: ReadonlyMap<string, readonly string[]>;
}

/** In CNI's words. */
export interface DnsSettings {
  readonly nameservers: readonly string[];
  readonly domain?: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** The flags' values as they were typed, one entry for each time a flag was given. */
export interface NameFlags {
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOpt: readonly string[];
  readonly dnsDomain?: string;
  readonly hostsEntry: readonly string[];
}

export function parseNameFlags(flags: NameFlags): NameResolution {
  const nameservers: string[] = [];
  let resolvConf: NameResolution["resolvConf"] = "default";
  for (const value of flags.dns) {
    if (value === "host" || value === "none") {
      if (flags.dns.length > 1) {
        throw new Fault({ what: `no other --dns options allowed when --dns=${value} is passed` });
      }
      resolvConf = value;
      continue;
    }
    for (const address of value.split(",")) {
      if (isIP(address) === 0) throw new Fault({ what: `Invalid IP passed to --dns: ${address}` });
      nameservers.push(address);
    }
  }
  const dns: DnsSettings = {
    nameservers,
    search: flags.dnsSearch,
    options: flags.dnsOpt,
    ...(flags.dnsDomain === undefined || flags.dnsDomain === "" ? {} : { domain: flags.dnsDomain }),
  };
  if (saysAnything(dns)) {
    if (resolvConf !== "default") {
      throw new Fault({
        what: `Cannot call --dns-opt, --dns-search, or --dns-domain with --dns=${resolvConf}`,
      });
    }
    resolvConf = "stage0";
  }
  return { resolvConf, dns, ...parseHostsEntries(flags.hostsEntry) };
}

function parseHostsEntries(values: readonly string[]): Pick<NameResolution, "hosts" | "hostsEntries"> {
  const entries = new Map<string, string[]>();
  for (const entry of values.filter((value) => value !== "host").flatMap((value) => value.split(","))) {
    const sign = entry.indexOf("=");
    if (sign === -1) throw new Fault({ what: `Did not understand --hosts-entry ${entry}` });
    const address = entry.slice(0, sign);
    if (isIP(address) === 0) throw new Fault({ what: `Invalid IP passed to --hosts-entry: ${address}` });
    const names = entries.get(address) ?? [];
    names.push(entry.slice(sign + 1));
    entries.set(address, names);
  }
  const hostsOfHost = values.includes("host");
  if (hostsOfHost && entries.size > 0) {
    throw new Fault({ what: "cannot pass --hosts-entry=host with multiple hosts-entries" });
  }
  return { hosts: hostsOfHost ? "host" : entries.size > 0 ? "stage0" : "default", hostsEntries: entries };
}

export function saysAnything(dns: DnsSettings): boolean {
  return (
    dns.nameservers.length > 0 || dns.search.length > 0 || dns.options.length > 0 || (dns.domain ?? "") !== ""
  );
}

/** The text of a resolv.conf. `origin` says in its first line where the settings came from. */
export function renderResolvConf(dns: DnsSettings, origin: string): string {
  const lines = [`# ${origin}`, ""];
  if (dns.search.length > 0) lines.push(`search ${dns.search.join(" ")}`);
  for (const nameserver of dns.nameservers) lines.push(`nameserver ${nameserver}`);
  if (dns.options.length > 0) lines.push(`options ${dns.options.join(" ")}`);
  if ((dns.domain ?? "") !== "") lines.push(`domain ${dns.domain ?? ""}`);
  return `${lines.join("\n")}\n`;
}

export const fallbackHosts = `# This is the default rkt /etc/hosts
127.0.0.1 localhost localhost.localdomain localhost4 localhost4.localdomain4

::1 ip6-localhost ip6-loopback localhost6 localhost6.localdomain6
fe00::0 ip6-localnet
ff00::0 ip6-mcastprefix
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
ff02::3 ip6-allhosts
`;

/** The text of a pod's hosts file: what every pod has, and the entries that were asked for. */
export function renderHosts(entries: ReadonlyMap<string, readonly string[]>): string {
  if (entries.size === 0) return fallbackHosts;
  const lines = [...entries].map(([address, names]) => `${address} ${names.join(" ")}\n`);
  return `${fallbackHosts}\n\n# Added by rkt run --hosts-entry\n${lines.join("")}`;
}

/** What a pod gets as its own files; undefined leaves the image's. */
export interface PodNameFiles {
  readonly resolvConf: string | undefined;
  readonly hosts: string | undefined;
}

/**
 * The pod's files from what was asked, what its networks' plugins said, and the host's own. The host's contents are
 * handed in only where they are wanted.
 */
export function podNameFiles(
  wanted: NameResolution,
  network: { readonly dns?: DnsSettings; readonly name?: string },
  host: { readonly resolvConf?: string; readonly hosts?: string },
): PodNameFiles {
  return { resolvConf: resolvConfFor(wanted, network, host.resolvConf), hosts: hostsFor(wanted, host.hosts) };
}

function resolvConfFor(
  wanted: NameResolution,
  network: { readonly dns?: DnsSettings; readonly name?: string },
  ofHost: string | undefined,
): string | undefined {
  switch (wanted.resolvConf) {
    case "host":
      return ofHost ?? "";
    case "stage0":
      return renderResolvConf(wanted.dns, "Generated by rkt run");
    case "none":
      return undefined;
    case "default":
      return network.dns === undefined || !saysAnything(network.dns)
        ? undefined
        : renderResolvConf(network.dns, `Generated by rkt from network ${network.name ?? ""}`);
  }
}

function hostsFor(wanted: NameResolution, ofHost: string | undefined): string | undefined {
  switch (wanted.hosts) {
    case "host":
      return ofHost ?? "";
    case "stage0":
      return renderHosts(wanted.hostsEntries);
    case "default":
      return undefined;
  }
}
