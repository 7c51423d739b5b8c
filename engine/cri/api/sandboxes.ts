import { flag, int64, list, map, nested, oneOf, text } from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";
import { containerStatus } from "./containers.ts";
import { podSandboxConfig, podSandboxMetadata } from "./sandboxConfig.ts";
import { namespaceOption } from "./security.ts";

const podSandboxStates = ["SANDBOX_READY", "SANDBOX_NOTREADY"] as const;

export const runPodSandboxRequest = message({ config: nested(1, podSandboxConfig), runtimeHandler: text(2) });
export const runPodSandboxResponse = message({ podSandboxId: text(1) });

export const stopPodSandboxRequest = message({ podSandboxId: text(1) });
export const stopPodSandboxResponse = message({});
export const removePodSandboxRequest = message({ podSandboxId: text(1) });
export const removePodSandboxResponse = message({});

const podIp = message({ ip: text(1) });
const podSandboxNetworkStatus = message({ ip: text(1), additionalIps: list(2, podIp) });
const namespace = message({ options: nested(2, namespaceOption) });
const linuxPodSandboxStatus = message({ namespaces: nested(1, namespace) });

export const podSandboxStatus = message({
  id: text(1),
  metadata: nested(2, podSandboxMetadata),
  state: oneOf(3, podSandboxStates),
  createdAt: int64(4),
  network: nested(5, podSandboxNetworkStatus),
  linux: nested(6, linuxPodSandboxStatus),
  labels: map(7),
  annotations: map(8),
  runtimeHandler: text(9),
});

export const podSandboxStatusRequest = message({ podSandboxId: text(1), verbose: flag(2) });
export const podSandboxStatusResponse = message({
  status: nested(1, podSandboxStatus),
  info: map(2),
  containersStatuses: list(3, containerStatus),
  timestamp: int64(4),
});

const podSandboxStateValue = message({ state: oneOf(1, podSandboxStates) });

const podSandboxFilter = message({
  id: text(1),
  state: nested(2, podSandboxStateValue),
  labelSelector: map(3),
});

const podSandbox = message({
  id: text(1),
  metadata: nested(2, podSandboxMetadata),
  state: oneOf(3, podSandboxStates),
  createdAt: int64(4),
  labels: map(5),
  annotations: map(6),
  runtimeHandler: text(7),
});

export const listPodSandboxRequest = message({ filter: nested(1, podSandboxFilter) });
export const listPodSandboxResponse = message({ items: list(1, podSandbox) });
export const streamPodSandboxesRequest = listPodSandboxRequest;
export const streamPodSandboxesResponse = message({ podSandboxes: list(1, podSandbox) });
