/**
 * Which host plays which role, under which names and addresses. Pure: configuration in, plain data out, all of
 * it known at preview. Everything per host is derived from that host alone, so that a further host changes
 * nothing on the others but their routes.
 */
import { addressAt, parseRange, partAt, type Range } from "../../config/network-range.ts";
import type { ClusterConfig, HostConfig, StackConfig } from "../../config/schema.ts";

export interface NodePlan {
  readonly name: string;
  readonly address: string;
  /** The part of the cluster's pod range that this node's pods get. */
  readonly podCidr: string;
  readonly controlPlane: boolean;
  readonly worker: boolean;
  readonly machine: HostConfig["machine"];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: HostConfig["taints"];
  readonly kubelet: Readonly<Record<string, unknown>>;
  /** True for hosts that share this machine's kernel: some kernel settings can't be made there. */
  readonly sharedKernel: boolean;
  readonly abandon: boolean;
}

export interface ClusterPlan {
  readonly name: string;
  readonly version: string;
  readonly domain: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** Address of the service `kubernetes`: the first of the service range. */
  readonly apiServiceAddress: string;
  /** Address of the cluster's DNS service: the tenth of the service range, as everywhere. */
  readonly dnsAddress: string;
  /** Where clients and workers reach the API server. */
  readonly apiEndpoint: string;
  readonly apiUrl: string;
  readonly certificateDays: number;
  readonly runtime: ClusterConfig["runtime"];
  readonly nodes: readonly NodePlan[];
}

export const API_PORT = 6443;
export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;
/** CoreDNS listens here on its host; the service maps port 53 to it, so that nothing on the host is in its way. */
export const DNS_PORT = 10053;
export const METRICS_SERVER_PORT = 10300;

export function planCluster(config: Pick<StackConfig, "cluster" | "hosts">): ClusterPlan {
  const { cluster, hosts } = config;
  const pods = rangeOf(cluster.podCidr);
  const services = rangeOf(cluster.serviceCidr);
  const nodes = hosts.map((host, index) => planNode(host, index, pods, cluster));
  const endpoint = cluster.endpoint ?? controlPlanesOf(nodes)[0]?.address;
  if (endpoint === undefined)
    throw new Error("a plan needs a control plane: the configuration was not checked");
  return {
    name: cluster.name,
    version: cluster.version,
    domain: cluster.domain,
    podCidr: cluster.podCidr,
    serviceCidr: cluster.serviceCidr,
    apiServiceAddress: addressAt(services, 1),
    dnsAddress: addressAt(services, 10),
    apiEndpoint: endpoint,
    apiUrl: `https://${endpoint}:${API_PORT}`,
    certificateDays: cluster.certificateDays,
    runtime: cluster.runtime,
    nodes,
  };
}

function planNode(host: HostConfig, index: number, pods: Range, cluster: ClusterConfig): NodePlan {
  const podCidr = partAt(pods, cluster.podPrefix, (host.number ?? index + 1) - 1);
  if (podCidr === undefined) throw new Error(`${host.name}: no part of ${pods.text} is left for its pods`);
  return {
    name: host.name,
    address: host.address,
    podCidr,
    controlPlane: host.roles.includes("control-plane"),
    worker: host.roles.includes("worker"),
    machine: host.machine,
    labels: { ...roleLabels(host), ...host.labels },
    // A control plane that isn't also a worker takes no ordinary pods.
    taints: host.roles.includes("worker")
      ? host.taints
      : [...host.taints, { key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" }],
    kubelet: { ...cluster.kubelet, ...host.kubelet },
    sharedKernel: host.sharedKernel ?? host.machine === "nspawn",
    abandon: host.abandon,
  };
}

/** What `kubectl get nodes` shows as a node's roles. No kubelet may say this of itself. */
function roleLabels(host: HostConfig): Readonly<Record<string, string>> {
  return Object.fromEntries(host.roles.map((role) => [`node-role.kubernetes.io/${role}`, ""]));
}

function rangeOf(text: string): Range {
  const range = parseRange(text);
  if (range === undefined) throw new Error(`${text} is no range: the configuration was not checked`);
  return range;
}

export function controlPlanesOf(nodes: readonly NodePlan[]): readonly NodePlan[] {
  return nodes.filter((node) => node.controlPlane);
}

/** The API server a node's own components talk to: its own on a control plane, the endpoint elsewhere. */
export function apiUrlFor(plan: ClusterPlan, node: NodePlan): string {
  return node.controlPlane ? `https://${node.address}:${API_PORT}` : plan.apiUrl;
}
