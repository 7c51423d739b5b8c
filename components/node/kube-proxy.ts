/** kube-proxy's configuration: nftables, and no kernel settings where the kernel is not the host's own. */
import { stringify } from "yaml";
import type { ClusterPlan, NodePlan } from "../cluster/plan.ts";
import { LAYOUT } from "./layout.ts";

export const KUBE_PROXY_FILES = {
  directory: `${LAYOUT.etc}/kube-proxy`,
  config: `${LAYOUT.etc}/kube-proxy/config.yaml`,
  kubeconfig: `${LAYOUT.etc}/kube-proxy/kubeconfig`,
  ca: `${LAYOUT.etc}/kube-proxy/ca.crt`,
  certificate: `${LAYOUT.etc}/kube-proxy/client.crt`,
  key: `${LAYOUT.etc}/kube-proxy/client.key`,
} as const;

export function kubeProxyConfiguration(plan: ClusterPlan, node: NodePlan): string {
  return stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    hostnameOverride: node.name,
    clusterCIDR: plan.podCidr,
    clientConnection: { kubeconfig: KUBE_PROXY_FILES.kubeconfig },
    bindAddress: "0.0.0.0",
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
    ...(node.sharedKernel ? { conntrack: { maxPerCore: 0, min: 0 }, oomScoreAdj: 0 } : {}),
  });
}
