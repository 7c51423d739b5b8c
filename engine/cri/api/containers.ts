import {
  bytes,
  flag,
  int32,
  int64,
  int64List,
  list,
  map,
  nested,
  oneOf,
  text,
  textList,
  uint32,
} from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";
import { imageSpec } from "./imageSpec.ts";
import { containerResources, linuxContainerResources } from "./resources.ts";
import { podSandboxConfig } from "./sandboxConfig.ts";
import { idMapping, linuxContainerSecurityContext } from "./security.ts";
import { signals } from "./signals.ts";

const mount = message({
  containerPath: text(1),
  hostPath: text(2),
  readonly: flag(3),
  selinuxRelabel: flag(4),
  propagation: oneOf(5, [
    "PROPAGATION_PRIVATE",
    "PROPAGATION_HOST_TO_CONTAINER",
    "PROPAGATION_BIDIRECTIONAL",
  ]),
  uidMappings: list(6, idMapping),
  gidMappings: list(7, idMapping),
  recursiveReadOnly: flag(8),
  image: nested(9, imageSpec),
  imageSubPath: text(10),
});

const keyValue = message({ key: text(1), value: bytes(2) });
const device = message({ containerPath: text(1), hostPath: text(2), permissions: text(3) });
const cdiDevice = message({ name: text(1) });

export const containerMetadata = message({ name: text(1), attempt: uint32(2) });

const linuxContainerConfig = message({
  resources: nested(1, linuxContainerResources),
  securityContext: nested(2, linuxContainerSecurityContext),
});

const containerConfig = message({
  metadata: nested(1, containerMetadata),
  image: nested(2, imageSpec),
  command: textList(3),
  args: textList(4),
  workingDir: text(5),
  envs: list(6, keyValue),
  mounts: list(7, mount),
  devices: list(8, device),
  labels: map(9),
  annotations: map(10),
  logPath: text(11),
  stdin: flag(12),
  stdinOnce: flag(13),
  tty: flag(14),
  linux: nested(15, linuxContainerConfig),
  cdiDevices: list(17, cdiDevice),
  stopSignal: oneOf(18, signals),
});

export const createContainerRequest = message({
  podSandboxId: text(1),
  config: nested(2, containerConfig),
  sandboxConfig: nested(3, podSandboxConfig),
});
export const createContainerResponse = message({ containerId: text(1) });

export const startContainerRequest = message({ containerId: text(1) });
export const startContainerResponse = message({});
export const stopContainerRequest = message({ containerId: text(1), timeout: int64(2) });
export const stopContainerResponse = message({});
export const removeContainerRequest = message({ containerId: text(1) });
export const removeContainerResponse = message({});

const containerStates = [
  "CONTAINER_CREATED",
  "CONTAINER_RUNNING",
  "CONTAINER_EXITED",
  "CONTAINER_UNKNOWN",
] as const;
const containerStateValue = message({ state: oneOf(1, containerStates) });

const containerFilter = message({
  id: text(1),
  state: nested(2, containerStateValue),
  podSandboxId: text(3),
  labelSelector: map(4),
});

const container = message({
  id: text(1),
  podSandboxId: text(2),
  metadata: nested(3, containerMetadata),
  image: nested(4, imageSpec),
  imageRef: text(5),
  state: oneOf(6, containerStates),
  createdAt: int64(7),
  labels: map(8),
  annotations: map(9),
  imageId: text(10),
});

export const listContainersRequest = message({ filter: nested(1, containerFilter) });
export const listContainersResponse = message({ containers: list(1, container) });
export const streamContainersRequest = listContainersRequest;
export const streamContainersResponse = listContainersResponse;

const linuxContainerUser = message({ uid: int64(1), gid: int64(2), supplementalGroups: int64List(3) });
const containerUser = message({ linux: nested(1, linuxContainerUser) });

export const containerStatus = message({
  id: text(1),
  metadata: nested(2, containerMetadata),
  state: oneOf(3, containerStates),
  createdAt: int64(4),
  startedAt: int64(5),
  finishedAt: int64(6),
  exitCode: int32(7),
  image: nested(8, imageSpec),
  imageRef: text(9),
  reason: text(10),
  message: text(11),
  labels: map(12),
  annotations: map(13),
  mounts: list(14, mount),
  logPath: text(15),
  resources: nested(16, containerResources),
  imageId: text(17),
  user: nested(18, containerUser),
  stopSignal: oneOf(19, signals),
});

export const containerStatusRequest = message({ containerId: text(1), verbose: flag(2) });
export const containerStatusResponse = message({ status: nested(1, containerStatus), info: map(2) });

export const reopenContainerLogRequest = message({ containerId: text(1) });
export const reopenContainerLogResponse = message({});

export const checkpointContainerRequest = message({
  containerId: text(1),
  location: text(2),
  timeout: int64(3),
});
export const checkpointContainerResponse = message({});
