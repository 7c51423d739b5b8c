/** What makes a host a node: the kubelet and kube-proxy. */
import { NEVER_GIVE_UP, PERSISTENT } from "../host/hardening.ts";
import { ref, type RoleFile, type RoleState } from "../host/role-state.ts";
import { apiUrlFor, type ClusterPlan, type NodePlan } from "../cluster/plan.ts";
import { componentKubeconfig } from "../control-plane/kubeconfig.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { KUBE_PROXY_FILES, kubeProxyConfiguration } from "./kube-proxy.ts";
import { KUBELET_FILES, kubeletConfiguration } from "./kubelet.ts";
import { LAYOUT } from "./layout.ts";
import { programPath, runsArtefact } from "./programs.ts";

export function nodeState(plan: ClusterPlan, node: NodePlan, runtime: Runtime): RoleState {
  const kubelet = kubeletFiles(plan, node, runtime);
  const proxy = kubeProxyFiles(plan, node);
  return {
    directories: {
      [KUBELET_FILES.directory]: { mode: "0700" },
      [KUBE_PROXY_FILES.directory]: { mode: "0700" },
      [LAYOUT.kubeletData]: { mode: "0750", removeContents: true },
    },
    files: { ...kubelet, ...proxy },
    units: {
      "kubelet.service": {
        sections: {
          Unit: {
            Description: "kubelet, which keeps this node's pods as they are wanted",
            Documentation: "https://kubernetes.io/docs/",
            Wants: `network-online.target ${runtime.unit}`,
            After: `network-online.target ${runtime.unit}`,
            ...runsArtefact("kubernetes"),
            ...NEVER_GIVE_UP,
          },
          Service: {
            Type: "notify",
            ExecStart: [
              programPath("kubelet"),
              `--config=${KUBELET_FILES.config}`,
              `--kubeconfig=${KUBELET_FILES.kubeconfig}`,
              `--cert-dir=${LAYOUT.kubeletData}/pki`,
              `--root-dir=${LAYOUT.kubeletData}`,
              `--hostname-override=${node.name}`,
              `--node-ip=${node.address}`,
            ].join(" "),
            ...PERSISTENT,
            KillMode: "process",
            TimeoutStartSec: 120,
            LimitNOFILE: 1048576,
            OOMScoreAdjust: -999,
            // The kubelet mounts, makes cgroups and sets kernel parameters: little can be taken from it.
            LockPersonality: true,
            RestrictRealtime: true,
            SystemCallArchitectures: "native",
          },
          Install: { WantedBy: "multi-user.target" },
        },
        restartOn: Object.keys(kubelet),
      },
      "kube-proxy.service": {
        sections: {
          Unit: {
            Description: "kube-proxy, which leads service addresses to pods",
            Documentation: "https://kubernetes.io/docs/",
            Wants: "network-online.target",
            After: "network-online.target",
            ...runsArtefact("kubernetes"),
            ...NEVER_GIVE_UP,
          },
          Service: {
            Type: "exec",
            ExecStart: `${programPath("kube-proxy")} --config=${KUBE_PROXY_FILES.config}`,
            ...PERSISTENT,
            OOMScoreAdjust: -998,
            NoNewPrivileges: true,
            ProtectHome: true,
            ProtectSystem: "strict",
            PrivateTmp: true,
            LockPersonality: true,
            RestrictRealtime: true,
            RestrictNamespaces: true,
            SystemCallArchitectures: "native",
            CapabilityBoundingSet: "CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_RESOURCE CAP_SYS_ADMIN",
          },
          Install: { WantedBy: "multi-user.target" },
        },
        restartOn: Object.keys(proxy),
      },
    },
  };
}

function kubeletFiles(plan: ClusterPlan, node: NodePlan, runtime: Runtime): Record<string, RoleFile> {
  return {
    [KUBELET_FILES.ca]: { content: ref("ca:cluster") },
    [KUBELET_FILES.clientCertificate]: { content: ref("kubelet.crt") },
    [KUBELET_FILES.clientKey]: { content: ref("kubelet.key"), mode: "0600" },
    [KUBELET_FILES.serverCertificate]: { content: ref("kubelet-server.crt") },
    [KUBELET_FILES.serverKey]: { content: ref("kubelet-server.key"), mode: "0600" },
    [KUBELET_FILES.config]: { content: kubeletConfiguration(plan, node, runtime.socket) },
    [KUBELET_FILES.kubeconfig]: {
      content: componentKubeconfig({
        server: apiUrlFor(plan, node),
        user: `system:node:${node.name}`,
        caFile: KUBELET_FILES.ca,
        certificateFile: KUBELET_FILES.clientCertificate,
        keyFile: KUBELET_FILES.clientKey,
      }),
    },
  };
}

function kubeProxyFiles(plan: ClusterPlan, node: NodePlan): Record<string, RoleFile> {
  return {
    [KUBE_PROXY_FILES.ca]: { content: ref("ca:cluster") },
    [KUBE_PROXY_FILES.certificate]: { content: ref("kube-proxy.crt") },
    [KUBE_PROXY_FILES.key]: { content: ref("kube-proxy.key"), mode: "0600" },
    [KUBE_PROXY_FILES.config]: { content: kubeProxyConfiguration(plan, node) },
    [KUBE_PROXY_FILES.kubeconfig]: {
      content: componentKubeconfig({
        server: apiUrlFor(plan, node),
        user: "system:kube-proxy",
        caFile: KUBE_PROXY_FILES.ca,
        certificateFile: KUBE_PROXY_FILES.certificate,
        keyFile: KUBE_PROXY_FILES.key,
      }),
    },
  };
}
