/**
 * The cluster's own services beside the control plane: DNS and resource metrics. They are units on the host, not
 * pods, so that names are answered before the first image is pulled, and no registry is needed for a cluster.
 */
import { CONFINED, NEVER_GIVE_UP, PERSISTENT } from "../host/hardening.ts";
import { ref, type RoleFile, type RoleState, type RoleUnit } from "../host/role-state.ts";
import { componentKubeconfig } from "../control-plane/kubeconfig.ts";
import { LAYOUT } from "../node/layout.ts";
import { programPath, runsArtefact } from "../node/programs.ts";
import {
  apiUrlFor,
  DNS_PORT,
  METRICS_SERVER_PORT,
  type ClusterPlan,
  type NodePlan,
} from "../cluster/plan.ts";

const DNS = `${LAYOUT.etc}/coredns`;
const METRICS = `${LAYOUT.etc}/metrics-server`;
export const DNS_HEALTH_PORT = 10054;
export const DNS_READY_PORT = 10055;

export function addonsState(plan: ClusterPlan, node: NodePlan): RoleState {
  const dns = clientFiles(plan, node, DNS, "coredns");
  const corefile: RoleFile = { content: corefileText(plan, node), mode: "0640", group: "coredns" };
  const metrics = {
    ...clientFiles(plan, node, METRICS, "metrics-server"),
    [`${METRICS}/server.crt`]: {
      content: ref("metrics-server-serving.crt"),
      mode: "0640",
      group: "metrics-server",
    },
    [`${METRICS}/server.key`]: {
      content: ref("metrics-server-serving.key"),
      mode: "0640",
      group: "metrics-server",
    },
  };
  const coredns = `${LAYOUT.programs}/coredns`;
  return {
    users: { coredns: {}, "metrics-server": {} },
    directories: {
      [DNS]: { mode: "0750", group: "coredns" },
      [METRICS]: { mode: "0750", group: "metrics-server" },
    },
    files: {
      [coredns]: { artefact: "coredns", mode: "0755" },
      [`${DNS}/Corefile`]: corefile,
      ...dns,
      ...metrics,
    },
    units: {
      "coredns.service": unit(
        "coredns",
        "coredns",
        "Names of the cluster's services",
        `${coredns} -conf ${DNS}/Corefile`,
        [`${DNS}/Corefile`, ...Object.keys(dns)],
      ),
      "metrics-server.service": unit(
        "metrics-server",
        "kubernetes",
        "Usage of nodes and pods",
        [
          programPath("metrics-server"),
          `--kubeconfig=${METRICS}/kubeconfig`,
          `--authentication-kubeconfig=${METRICS}/kubeconfig`,
          `--authorization-kubeconfig=${METRICS}/kubeconfig`,
          `--secure-port=${METRICS_SERVER_PORT}`,
          `--bind-address=${node.address}`,
          `--tls-cert-file=${METRICS}/server.crt`,
          `--tls-private-key-file=${METRICS}/server.key`,
          "--kubelet-preferred-address-types=InternalIP",
          `--kubelet-certificate-authority=${METRICS}/ca.crt`,
          "--metric-resolution=15s",
        ].join(" "),
        Object.keys(metrics),
      ),
    },
    probes: {
      "names are answered": {
        command: [
          "/bin/bash",
          "-c",
          `exec 3<>/dev/tcp/127.0.0.1/${DNS_READY_PORT} && printf 'GET /ready HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.. 200' <&3`,
        ],
        timeoutSeconds: 60,
        unit: "coredns.service",
      },
    },
  };
}

function unit(
  user: string,
  artefact: string,
  description: string,
  command: string,
  restartOn: readonly string[],
): RoleUnit {
  return {
    sections: {
      Unit: {
        Description: description,
        Wants: "network-online.target",
        After: "network-online.target kube-apiserver.service",
        ...runsArtefact(artefact),
        ...NEVER_GIVE_UP,
      },
      Service: { Type: "exec", User: user, Group: user, ExecStart: command, ...PERSISTENT, ...CONFINED },
      Install: { WantedBy: "multi-user.target" },
    },
    restartOn,
  };
}

function clientFiles(
  plan: ClusterPlan,
  node: NodePlan,
  directory: string,
  name: string,
): Record<string, RoleFile> {
  const owned = { mode: "0640", group: name };
  return {
    [`${directory}/ca.crt`]: { content: ref("ca:cluster"), ...owned },
    [`${directory}/client.crt`]: { content: ref(`${name}.crt`), ...owned },
    [`${directory}/client.key`]: { content: ref(`${name}.key`), ...owned },
    [`${directory}/kubeconfig`]: {
      content: componentKubeconfig({
        server: apiUrlFor(plan, node),
        user: `system:${name}`,
        caFile: `${directory}/ca.crt`,
        certificateFile: `${directory}/client.crt`,
        keyFile: `${directory}/client.key`,
      }),
      ...owned,
    },
  };
}

function corefileText(plan: ClusterPlan, node: NodePlan): string {
  return `.:${DNS_PORT} {
    bind ${node.address}
    errors
    health 127.0.0.1:${DNS_HEALTH_PORT}
    ready 127.0.0.1:${DNS_READY_PORT}
    kubernetes ${plan.domain} in-addr.arpa ip6.arpa {
        kubeconfig ${DNS}/kubeconfig default
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`;
}
