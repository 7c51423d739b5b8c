import { int32, list, map, nested, oneOf, text, textList, uint32 } from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";
import { linuxContainerResources } from "./resources.ts";
import { linuxSandboxSecurityContext } from "./security.ts";

const dnsConfig = message({ servers: textList(1), searches: textList(2), options: textList(3) });

const portMapping = message({
  protocol: oneOf(1, ["TCP", "UDP", "SCTP"]),
  containerPort: int32(2),
  hostPort: int32(3),
  hostIp: text(4),
});

const linuxPodSandboxConfig = message({
  cgroupParent: text(1),
  securityContext: nested(2, linuxSandboxSecurityContext),
  sysctls: map(3),
  overhead: nested(4, linuxContainerResources),
  resources: nested(5, linuxContainerResources),
});

export const podSandboxMetadata = message({
  name: text(1),
  uid: text(2),
  namespace: text(3),
  attempt: uint32(4),
});

export const podSandboxConfig = message({
  metadata: nested(1, podSandboxMetadata),
  hostname: text(2),
  logDirectory: text(3),
  dnsConfig: nested(4, dnsConfig),
  portMappings: list(5, portMapping),
  labels: map(6),
  annotations: map(7),
  linux: nested(8, linuxPodSandboxConfig),
});
