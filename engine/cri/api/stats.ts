import { double, int64, list, map, nested, text, uint64 } from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";
import { containerMetadata } from "./containers.ts";
import { filesystemUsage } from "./images.ts";
import { podSandboxMetadata } from "./sandboxConfig.ts";
import { uint64Value } from "./wrapped.ts";

const psiData = message({ total: uint64(1), avg10: double(2), avg60: double(3), avg300: double(4) });
const psiStats = message({ full: nested(1, psiData), some: nested(2, psiData) });

const cpuUsage = message({
  timestamp: int64(1),
  usageCoreNanoSeconds: nested(2, uint64Value),
  usageNanoCores: nested(3, uint64Value),
  psi: nested(4, psiStats),
});

const memoryUsage = message({
  timestamp: int64(1),
  workingSetBytes: nested(2, uint64Value),
  availableBytes: nested(3, uint64Value),
  usageBytes: nested(4, uint64Value),
  rssBytes: nested(5, uint64Value),
  pageFaults: nested(6, uint64Value),
  majorPageFaults: nested(7, uint64Value),
  psi: nested(8, psiStats),
});

const ioUsage = message({ timestamp: int64(1), psi: nested(2, psiStats) });

const swapUsage = message({
  timestamp: int64(1),
  swapAvailableBytes: nested(2, uint64Value),
  swapUsageBytes: nested(3, uint64Value),
});

const containerAttributes = message({
  id: text(1),
  metadata: nested(2, containerMetadata),
  labels: map(3),
  annotations: map(4),
});

const containerStats = message({
  attributes: nested(1, containerAttributes),
  cpu: nested(2, cpuUsage),
  memory: nested(3, memoryUsage),
  writableLayer: nested(4, filesystemUsage),
  swap: nested(5, swapUsage),
  io: nested(6, ioUsage),
});

const containerStatsFilter = message({ id: text(1), podSandboxId: text(2), labelSelector: map(3) });

export const containerStatsRequest = message({ containerId: text(1) });
export const containerStatsResponse = message({ stats: nested(1, containerStats) });
export const listContainerStatsRequest = message({ filter: nested(1, containerStatsFilter) });
export const listContainerStatsResponse = message({ stats: list(1, containerStats) });
export const streamContainerStatsRequest = listContainerStatsRequest;
export const streamContainerStatsResponse = message({ containerStats: list(1, containerStats) });

const networkInterfaceUsage = message({
  name: text(1),
  rxBytes: nested(2, uint64Value),
  rxErrors: nested(3, uint64Value),
  txBytes: nested(4, uint64Value),
  txErrors: nested(5, uint64Value),
});

const networkUsage = message({
  timestamp: int64(1),
  defaultInterface: nested(2, networkInterfaceUsage),
  interfaces: list(3, networkInterfaceUsage),
});

const processUsage = message({ timestamp: int64(1), processCount: nested(2, uint64Value) });

const linuxPodSandboxStats = message({
  cpu: nested(1, cpuUsage),
  memory: nested(2, memoryUsage),
  network: nested(3, networkUsage),
  process: nested(4, processUsage),
  containers: list(5, containerStats),
  io: nested(6, ioUsage),
});

const podSandboxAttributes = message({
  id: text(1),
  metadata: nested(2, podSandboxMetadata),
  labels: map(3),
  annotations: map(4),
});

const podSandboxStats = message({
  attributes: nested(1, podSandboxAttributes),
  linux: nested(2, linuxPodSandboxStats),
});

const podSandboxStatsFilter = message({ id: text(1), labelSelector: map(2) });

export const podSandboxStatsRequest = message({ podSandboxId: text(1) });
export const podSandboxStatsResponse = message({ stats: nested(1, podSandboxStats) });
export const listPodSandboxStatsRequest = message({ filter: nested(1, podSandboxStatsFilter) });
export const listPodSandboxStatsResponse = message({ stats: list(1, podSandboxStats) });
export const streamPodSandboxStatsRequest = listPodSandboxStatsRequest;
export const streamPodSandboxStatsResponse = message({ podSandboxStats: list(1, podSandboxStats) });
