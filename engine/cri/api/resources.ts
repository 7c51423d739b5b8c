import { int64, list, map, nested, text, uint64 } from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";

const hugepageLimit = message({ pageSize: text(1), limit: uint64(2) });

export const linuxContainerResources = message({
  cpuPeriod: int64(1),
  cpuQuota: int64(2),
  cpuShares: int64(3),
  memoryLimitInBytes: int64(4),
  oomScoreAdj: int64(5),
  cpusetCpus: text(6),
  cpusetMems: text(7),
  hugepageLimits: list(8, hugepageLimit),
  unified: map(9),
  memorySwapLimitInBytes: int64(10),
});

export const containerResources = message({ linux: nested(1, linuxContainerResources) });

export const updateContainerResourcesRequest = message({
  containerId: text(1),
  linux: nested(2, linuxContainerResources),
  annotations: map(4),
});
export const updateContainerResourcesResponse = message({});

export const updatePodSandboxResourcesRequest = message({
  podSandboxId: text(1),
  overhead: nested(2, linuxContainerResources),
  resources: nested(3, linuxContainerResources),
});
export const updatePodSandboxResourcesResponse = message({});
