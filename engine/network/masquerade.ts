import { byFamily, type NetworkConfiguration } from "./networkConfiguration.ts";

export function masqueradeTable(network: string): string {
  return `inet.rkt.net.${network}`;
}

/**
 * One rule for a network, however many pods it has: what leaves its ranges carries the host's address. Said again it
 * changes nothing. Multicast keeps its source, as with CNI's own rules.
 */
export function masqueradeRules(network: NetworkConfiguration): string {
  const table = `inet rkt.net.${network.name}`;
  const { ip, ip6 } = byFamily(network.masquerades);
  const rules = [
    ...ip.map((range) => `ip saddr ${range} ip daddr != { ${range}, 224.0.0.0/4 } masquerade`),
    ...ip6.map((range) => `ip6 saddr ${range} ip6 daddr != { ${range}, ff00::/8 } masquerade`),
  ];
  return [
    `add table ${table}`,
    `add chain ${table} leaving { type nat hook postrouting priority srcnat; policy accept; }`,
    `flush chain ${table} leaving`,
    ...rules.map((rule) => `add rule ${table} leaving ${rule}`),
    "",
  ].join("\n");
}
