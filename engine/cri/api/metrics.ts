import { int64, list, nested, oneOf, text, textList } from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";
import { uint64Value } from "./wrapped.ts";

const metricDescriptor = message({ name: text(1), help: text(2), labelKeys: textList(3) });

export const listMetricDescriptorsRequest = message({});
export const listMetricDescriptorsResponse = message({ descriptors: list(1, metricDescriptor) });

const metric = message({
  name: text(1),
  timestamp: int64(2),
  metricType: oneOf(3, ["COUNTER", "GAUGE"]),
  labelValues: textList(4),
  value: nested(5, uint64Value),
});

const containerMetrics = message({ containerId: text(1), metrics: list(2, metric) });

const podSandboxMetrics = message({
  podSandboxId: text(1),
  metrics: list(2, metric),
  containerMetrics: list(3, containerMetrics),
});

export const listPodSandboxMetricsRequest = message({});
export const listPodSandboxMetricsResponse = message({ podMetrics: list(1, podSandboxMetrics) });
export const streamPodSandboxMetricsRequest = message({});
export const streamPodSandboxMetricsResponse = message({ podSandboxMetrics: list(1, podSandboxMetrics) });
