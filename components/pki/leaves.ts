/** Which certificates each role of a node needs: subjects, names and uses. Pure. */
import type { ClusterPlan, NodePlan } from "../cluster/plan.ts";
import type { LeafArguments } from "./resources.ts";

type Leaves = Readonly<Record<string, LeafArguments>>;

export function etcdLeaves(plan: ClusterPlan, node: NodePlan): Leaves {
  const member: LeafArguments = {
    authority: "etcd",
    commonName: node.name,
    dnsNames: [node.name, "localhost"],
    addresses: [node.address, "127.0.0.1"],
    // A member is also a client of the others.
    usages: ["server", "client"],
    validityDays: plan.certificateDays,
  };
  return { server: member, peer: member };
}

export function controlPlaneLeaves(plan: ClusterPlan, node: NodePlan): Leaves {
  const client = (authority: string, commonName: string): LeafArguments => ({
    authority,
    commonName,
    usages: ["client"],
    validityDays: plan.certificateDays,
  });
  const endpointIsAddress = /^[0-9.]+$/.test(plan.apiEndpoint);
  return {
    apiserver: {
      authority: "cluster",
      commonName: "kube-apiserver",
      dnsNames: unique([
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        `kubernetes.default.svc.${plan.domain}`,
        "localhost",
        node.name,
        ...(endpointIsAddress ? [] : [plan.apiEndpoint]),
      ]),
      addresses: unique([
        plan.apiServiceAddress,
        node.address,
        "127.0.0.1",
        ...(endpointIsAddress ? [plan.apiEndpoint] : []),
      ]),
      usages: ["server"],
      validityDays: plan.certificateDays,
    },
    "kubelet-client": client("cluster", "kube-apiserver-kubelet-client"),
    "etcd-client": client("etcd", "kube-apiserver-etcd-client"),
    "front-proxy": client("front-proxy", "front-proxy-client"),
    "controller-manager": client("cluster", "system:kube-controller-manager"),
    scheduler: client("cluster", "system:kube-scheduler"),
  };
}

export function addonLeaves(plan: ClusterPlan, node: NodePlan): Leaves {
  const validityDays = plan.certificateDays;
  return {
    coredns: { authority: "cluster", commonName: "system:coredns", usages: ["client"], validityDays },
    "metrics-server": {
      authority: "cluster",
      commonName: "system:metrics-server",
      usages: ["client"],
      validityDays,
    },
    "metrics-server-serving": {
      authority: "cluster",
      commonName: "metrics-server",
      dnsNames: ["metrics-server.kube-system.svc", `metrics-server.kube-system.svc.${plan.domain}`],
      addresses: [node.address],
      usages: ["server"],
      validityDays,
    },
  };
}

export function nodeLeaves(plan: ClusterPlan, node: NodePlan): Leaves {
  const validityDays = plan.certificateDays;
  return {
    kubelet: {
      authority: "cluster",
      commonName: `system:node:${node.name}`,
      organizations: ["system:nodes"],
      usages: ["client"],
      validityDays,
    },
    "kubelet-server": {
      authority: "cluster",
      commonName: `system:node:${node.name}`,
      organizations: ["system:nodes"],
      dnsNames: [node.name],
      addresses: [node.address],
      usages: ["server"],
      validityDays,
    },
    "kube-proxy": { authority: "cluster", commonName: "system:kube-proxy", usages: ["client"], validityDays },
  };
}

export function adminLeaves(plan: ClusterPlan): Leaves {
  return {
    admin: {
      authority: "cluster",
      commonName: "rktnetes-admin",
      organizations: ["system:masters"],
      usages: ["client"],
      validityDays: plan.certificateDays,
    },
  };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
