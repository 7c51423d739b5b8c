/**
 * The pods' network on one host: a veth pair for each pod, an address from the host's part of the range, and
 * the host as gateway. Leaving packets are masqueraded by one rule that is ours, not by one for each pod: that
 * makes starting and stopping pods cheaper.
 */
import { NEVER_GIVE_UP } from "../host/hardening.ts";
import type { RoleFile, RoleState } from "../host/role-state.ts";
import { LAYOUT } from "../node/layout.ts";
import type { ClusterPlan, NodePlan } from "../cluster/plan.ts";

const RULES = "/etc/rktnetes/pod-network.nft";
const TABLE = "rktnetes-pods";
const TEARDOWN = `${LAYOUT.libexec}/remove-pod-network`;
const CONFLIST = `${LAYOUT.cniConfig}/10-rktnetes.conflist`;
const PLUGINS = ["ptp", "host-local", "portmap", "bandwidth", "loopback"] as const;
export const CNI_ARTEFACTS = PLUGINS.map((plugin) => `cni-${plugin}` as const);

export function networkState(plan: ClusterPlan, node: NodePlan): RoleState {
  const plugins = Object.fromEntries(
    PLUGINS.map((plugin): [string, RoleFile] => [
      `${LAYOUT.cni}/${plugin}`,
      { artefact: `cni-${plugin}`, mode: "0755" },
    ]),
  );
  return {
    directories: {
      "/etc/cni": {},
      [LAYOUT.cniConfig]: {},
      [LAYOUT.cni]: {},
      [LAYOUT.libexec]: {},
      "/etc/rktnetes": {},
    },
    files: {
      ...plugins,
      [CONFLIST]: { content: conflist(node) },
      [RULES]: { content: rules(plan) },
      [TEARDOWN]: { content: teardownScript(), mode: "0755" },
    },
    units: {
      "rktnetes-pod-network.service": {
        sections: {
          Unit: {
            Description: "Rules of the pods' network",
            After: "network-pre.target",
            Before: "kubelet.service",
            ...NEVER_GIVE_UP,
          },
          Service: {
            Type: "oneshot",
            RemainAfterExit: true,
            ExecStart: `/usr/sbin/nft -f ${RULES}`,
            ExecStop: `/usr/sbin/nft delete table ip ${TABLE}`,
          },
          Install: { WantedBy: "multi-user.target" },
        },
        state: "ran",
        restartOn: [RULES],
      },
    },
    teardown: [[TEARDOWN]],
  };
}

function conflist(node: NodePlan): string {
  const network = {
    cniVersion: "1.0.0",
    name: "rktnetes",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: { type: "host-local", ranges: [[{ subnet: node.podCidr }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true, backend: "nftables" },
      { type: "bandwidth", capabilities: { bandwidth: true } },
    ],
  };
  return `${JSON.stringify(network, null, 2)}\n`;
}

/**
 * Packets to a service address that no service claims are refused, not dropped: a client started before its
 * service is told at once and tries again, where it would otherwise wait half a minute.
 */
function rules(plan: ClusterPlan): string {
  return `table ip ${TABLE} {}
delete table ip ${TABLE}
table ip ${TABLE} {
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${plan.podCidr} ip daddr != ${plan.podCidr} masquerade
  }
  chain unclaimed-forward {
    type filter hook forward priority -5; policy accept;
    ip daddr ${plan.serviceCidr} reject with icmp host-unreachable
  }
  chain unclaimed-output {
    type filter hook output priority -5; policy accept;
    ip daddr ${plan.serviceCidr} reject with icmp host-unreachable
  }
}
`;
}

function teardownScript(): string {
  return `#!/bin/bash
# Takes away what plugins and kube-proxy leave behind.
set -u
for table in 'ip kube-proxy' 'ip6 kube-proxy' 'inet cni_hostport' 'ip ${TABLE}'; do
  read -r family name <<<"$table"
  if nft list table "$family" "$name" >/dev/null 2>&1; then nft delete table "$family" "$name"; fi
done
rm -rf /var/lib/cni
`;
}
