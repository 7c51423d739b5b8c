/** What holds a container back, and which namespaces it shares. */
import { flag, int64List, list, nested, oneOf, text, textList, uint32 } from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";
import { int64Value } from "./wrapped.ts";

export const namespaceModes = ["POD", "CONTAINER", "NODE", "TARGET"] as const;
export type NamespaceMode = (typeof namespaceModes)[number];

export const idMapping = message({ hostId: uint32(1), containerId: uint32(2), length: uint32(3) });

const userNamespace = message({
  mode: oneOf(1, namespaceModes),
  uids: list(2, idMapping),
  gids: list(3, idMapping),
});

export const namespaceOption = message({
  network: oneOf(1, namespaceModes),
  pid: oneOf(2, namespaceModes),
  ipc: oneOf(3, namespaceModes),
  targetId: text(4),
  usernsOptions: nested(5, userNamespace),
});

const selinuxOption = message({ user: text(1), role: text(2), type: text(3), level: text(4) });

const securityProfile = message({
  profileType: oneOf(1, ["RuntimeDefault", "Unconfined", "Localhost"]),
  localhostRef: text(2),
});

const supplementalGroupsPolicies = ["Merge", "Strict"] as const;

export const linuxSandboxSecurityContext = message({
  namespaceOptions: nested(1, namespaceOption),
  selinuxOptions: nested(2, selinuxOption),
  runAsUser: nested(3, int64Value),
  readonlyRootfs: flag(4),
  supplementalGroups: int64List(5),
  privileged: flag(6),
  seccompProfilePath: text(7),
  runAsGroup: nested(8, int64Value),
  seccomp: nested(9, securityProfile),
  apparmor: nested(10, securityProfile),
  supplementalGroupsPolicy: oneOf(11, supplementalGroupsPolicies),
});

const capability = message({
  addCapabilities: textList(1),
  dropCapabilities: textList(2),
  addAmbientCapabilities: textList(3),
});

export const linuxContainerSecurityContext = message({
  capabilities: nested(1, capability),
  privileged: flag(2),
  namespaceOptions: nested(3, namespaceOption),
  selinuxOptions: nested(4, selinuxOption),
  runAsUser: nested(5, int64Value),
  runAsUsername: text(6),
  readonlyRootfs: flag(7),
  supplementalGroups: int64List(8),
  apparmorProfile: text(9),
  seccompProfilePath: text(10),
  noNewPrivs: flag(11),
  runAsGroup: nested(12, int64Value),
  maskedPaths: textList(13),
  readonlyPaths: textList(14),
  seccomp: nested(15, securityProfile),
  apparmor: nested(16, securityProfile),
  supplementalGroupsPolicy: oneOf(17, supplementalGroupsPolicies),
});
