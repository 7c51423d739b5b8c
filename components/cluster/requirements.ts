/** What preflight asks of a host, by the roles it plays. */
import type { RequirementsInput } from "../../provider/host/requirements.ts";
import { DNS_HEALTH_PORT, DNS_READY_PORT } from "../addons/state.ts";
import {
  API_PORT,
  DNS_PORT,
  ETCD_CLIENT_PORT,
  ETCD_PEER_PORT,
  METRICS_SERVER_PORT,
  type ClusterPlan,
  type NodePlan,
} from "./plan.ts";

const NODE_PORTS = ["10250/tcp", "10256/tcp", "10249/tcp", "10248/tcp"];
const CONTROL_PLANE_PORTS = [
  `${API_PORT}/tcp`,
  `${ETCD_CLIENT_PORT}/tcp`,
  `${ETCD_PEER_PORT}/tcp`,
  "10257/tcp",
  "10259/tcp",
  `${DNS_PORT}/tcp`,
  `${DNS_PORT}/udp`,
  `${DNS_HEALTH_PORT}/tcp`,
  `${DNS_READY_PORT}/tcp`,
  `${METRICS_SERVER_PORT}/tcp`,
];

export function requirementsOf(plan: ClusterPlan, node: NodePlan): RequirementsInput {
  return {
    ports: [...NODE_PORTS, ...(node.controlPlane ? CONTROL_PLANE_PORTS : [])],
    cidrs: [plan.podCidr, plan.serviceCidr],
    resolves: /^[0-9.]+$/.test(plan.apiEndpoint) ? [] : [plan.apiEndpoint],
    minimumMemoryMiB: node.controlPlane ? 1536 : 768,
    minimumDiskMiB: 2048,
  };
}
