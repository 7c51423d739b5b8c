/** The kubelet's configuration. */
import { stringify } from "yaml";
import type { ClusterPlan, NodePlan } from "../cluster/plan.ts";
import { LAYOUT } from "./layout.ts";

export const KUBELET_FILES = {
  directory: `${LAYOUT.etc}/kubelet`,
  config: `${LAYOUT.etc}/kubelet/config.yaml`,
  kubeconfig: `${LAYOUT.etc}/kubelet/kubeconfig`,
  ca: `${LAYOUT.etc}/kubelet/ca.crt`,
  clientCertificate: `${LAYOUT.etc}/kubelet/client.crt`,
  clientKey: `${LAYOUT.etc}/kubelet/client.key`,
  serverCertificate: `${LAYOUT.etc}/kubelet/server.crt`,
  serverKey: `${LAYOUT.etc}/kubelet/server.key`,
} as const;

export function kubeletConfiguration(plan: ClusterPlan, node: NodePlan, runtimeSocket: string): string {
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    // What a stack may override comes first; what the plan decides is never overridden.
    failCgroupV1: false,
    failSwapOn: true,
    // kube-proxy brings rules of its own; the kubelet's would stay on the host for ever.
    makeIPTablesUtilChains: false,
    maxPods: 110,
    serializeImagePulls: false,
    maxParallelImagePulls: 4,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "5%", "imagefs.available": "5%" },
    resolvConf: "/etc/resolv.conf",
    // Below the kubelet's own folder, so that it goes with it.
    volumePluginDir: `${LAYOUT.kubeletData}/volume-plugins`,
    ...node.kubelet,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: KUBELET_FILES.ca },
    },
    authorization: { mode: "Webhook" },
    cgroupDriver: "systemd",
    clusterDNS: [plan.dnsAddress],
    clusterDomain: plan.domain,
    containerRuntimeEndpoint: runtimeSocket,
    readOnlyPort: 0,
    rotateCertificates: true,
    tlsCertFile: KUBELET_FILES.serverCertificate,
    tlsPrivateKeyFile: KUBELET_FILES.serverKey,
    tlsMinVersion: "VersionTLS12",
    ...(node.taints.length === 0 ? {} : { registerWithTaints: node.taints }),
  });
}
