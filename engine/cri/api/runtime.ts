import { flag, int64, list, map, nested, oneOf, text } from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";
import { containerStatus } from "./containers.ts";
import { podSandboxStatus } from "./sandboxes.ts";

export const versionRequest = message({ version: text(1) });
export const versionResponse = message({
  version: text(1),
  runtimeName: text(2),
  runtimeVersion: text(3),
  runtimeApiVersion: text(4),
});

const networkConfig = message({ podCidr: text(1) });
const runtimeConfig = message({ networkConfig: nested(1, networkConfig) });
export const updateRuntimeConfigRequest = message({ runtimeConfig: nested(1, runtimeConfig) });
export const updateRuntimeConfigResponse = message({});

const runtimeCondition = message({ type: text(1), status: flag(2), reason: text(3), message: text(4) });
const runtimeStatus = message({ conditions: list(1, runtimeCondition) });
const runtimeHandlerFeatures = message({ recursiveReadOnlyMounts: flag(1), userNamespaces: flag(2) });
const runtimeHandler = message({ name: text(1), features: nested(2, runtimeHandlerFeatures) });
const runtimeFeatures = message({ supplementalGroupsPolicy: flag(1), userNamespacesHostNetwork: flag(2) });

export const statusRequest = message({ verbose: flag(1) });
export const statusResponse = message({
  status: nested(1, runtimeStatus),
  info: map(2),
  runtimeHandlers: list(3, runtimeHandler),
  features: nested(4, runtimeFeatures),
});

const linuxRuntimeConfiguration = message({ cgroupDriver: oneOf(1, ["SYSTEMD", "CGROUPFS"]) });
export const runtimeConfigRequest = message({});
export const runtimeConfigResponse = message({ linux: nested(1, linuxRuntimeConfiguration) });

export const getEventsRequest = message({});
export const containerEventResponse = message({
  containerId: text(1),
  containerEventType: oneOf(2, [
    "CONTAINER_CREATED_EVENT",
    "CONTAINER_STARTED_EVENT",
    "CONTAINER_STOPPED_EVENT",
    "CONTAINER_DELETED_EVENT",
  ]),
  createdAt: int64(3),
  podSandboxStatus: nested(4, podSandboxStatus),
  containersStatuses: list(5, containerStatus),
});
