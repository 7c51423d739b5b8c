/** etcd on a control plane: clients and peers by TLS with certificates of its own authority. */
import { CONFINED, NEVER_GIVE_UP, PERSISTENT } from "../host/hardening.ts";
import { ref, type RoleState } from "../host/role-state.ts";
import { LAYOUT } from "../node/layout.ts";
import { programPath, runsArtefact } from "../node/programs.ts";
import {
  controlPlanesOf,
  ETCD_CLIENT_PORT,
  ETCD_PEER_PORT,
  type ClusterPlan,
  type NodePlan,
} from "../cluster/plan.ts";

const pki = (file: string): string => `${LAYOUT.etcdPki}/${file}`;

export function etcdState(plan: ClusterPlan, node: NodePlan): RoleState {
  const owned = { owner: "etcd", group: "etcd" };
  const members = controlPlanesOf(plan.nodes)
    .map((member) => `${member.name}=https://${member.address}:${ETCD_PEER_PORT}`)
    .join(",");
  const flags = [
    `--name=${node.name}`,
    `--data-dir=${LAYOUT.etcdData}`,
    `--listen-client-urls=https://${node.address}:${ETCD_CLIENT_PORT},https://127.0.0.1:${ETCD_CLIENT_PORT}`,
    `--advertise-client-urls=https://${node.address}:${ETCD_CLIENT_PORT}`,
    `--listen-peer-urls=https://${node.address}:${ETCD_PEER_PORT}`,
    `--initial-advertise-peer-urls=https://${node.address}:${ETCD_PEER_PORT}`,
    `--initial-cluster=${members}`,
    `--initial-cluster-token=${plan.name}`,
    "--initial-cluster-state=new",
    "--client-cert-auth",
    `--trusted-ca-file=${pki("ca.crt")}`,
    `--cert-file=${pki("server.crt")}`,
    `--key-file=${pki("server.key")}`,
    "--peer-client-cert-auth",
    `--peer-trusted-ca-file=${pki("ca.crt")}`,
    `--peer-cert-file=${pki("peer.crt")}`,
    `--peer-key-file=${pki("peer.key")}`,
    "--auto-compaction-mode=periodic",
    "--auto-compaction-retention=1h",
    "--log-level=warn",
  ];
  const certificates = Object.fromEntries(
    ["server", "peer"].flatMap((leaf) => [
      [pki(`${leaf}.crt`), { content: ref(`${leaf}.crt`), ...owned }],
      [pki(`${leaf}.key`), { content: ref(`${leaf}.key`), mode: "0600", ...owned }],
    ]),
  );
  const files = { [pki("ca.crt")]: { content: ref("ca:etcd"), ...owned }, ...certificates };
  return {
    users: { etcd: { home: LAYOUT.etcdData } },
    directories: {
      "/etc/etcd": {},
      [LAYOUT.etcdPki]: { mode: "0750", owner: "root", group: "etcd" },
      [LAYOUT.etcdData]: { mode: "0700", ...owned, removeContents: true },
    },
    files,
    units: {
      "etcd.service": {
        sections: {
          Unit: {
            Description: "etcd, the cluster's store",
            Documentation: "https://etcd.io/docs/",
            Wants: "network-online.target",
            After: "network-online.target",
            ...runsArtefact("kubernetes"),
            ...NEVER_GIVE_UP,
          },
          Service: {
            Type: "notify",
            User: "etcd",
            Group: "etcd",
            ExecStart: [programPath("etcd"), ...flags].join(" "),
            ...PERSISTENT,
            TimeoutStartSec: 90,
            LimitNOFILE: 65536,
            OOMScoreAdjust: -900,
            ...CONFINED,
            ReadWritePaths: LAYOUT.etcdData,
          },
          Install: { WantedBy: "multi-user.target" },
        },
        restartOn: Object.keys(files),
      },
    },
  };
}
