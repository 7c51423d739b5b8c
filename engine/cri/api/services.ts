/**
 * The two services of CRI v1 as of Kubernetes 1.36: every call, with what it takes and gives. What is for Windows alone
 * is left out, and passed over where a client sends it.
 */
import type { MessageType } from "../protobuf/message.ts";
import * as containers from "./containers.ts";
import * as images from "./images.ts";
import * as metrics from "./metrics.ts";
import * as resources from "./resources.ts";
import * as runtime from "./runtime.ts";
import * as sandboxes from "./sandboxes.ts";
import * as stats from "./stats.ts";
import * as streams from "./streams.ts";

export interface CallType<Request, Reply> {
  readonly request: MessageType<Request, unknown>;
  readonly reply: MessageType<unknown, Reply>;
  /** Replies come one after another. */
  readonly streams: boolean;
}

function call<Request, Reply>(
  request: MessageType<Request, unknown>,
  reply: MessageType<unknown, Reply>,
): CallType<Request, Reply> & { readonly streams: false } {
  return { request, reply, streams: false };
}

function stream<Request, Reply>(
  request: MessageType<Request, unknown>,
  reply: MessageType<unknown, Reply>,
): CallType<Request, Reply> & { readonly streams: true } {
  return { request, reply, streams: true };
}

export const runtimeService = {
  Version: call(runtime.versionRequest, runtime.versionResponse),
  RunPodSandbox: call(sandboxes.runPodSandboxRequest, sandboxes.runPodSandboxResponse),
  StopPodSandbox: call(sandboxes.stopPodSandboxRequest, sandboxes.stopPodSandboxResponse),
  RemovePodSandbox: call(sandboxes.removePodSandboxRequest, sandboxes.removePodSandboxResponse),
  PodSandboxStatus: call(sandboxes.podSandboxStatusRequest, sandboxes.podSandboxStatusResponse),
  ListPodSandbox: call(sandboxes.listPodSandboxRequest, sandboxes.listPodSandboxResponse),
  StreamPodSandboxes: stream(sandboxes.streamPodSandboxesRequest, sandboxes.streamPodSandboxesResponse),
  CreateContainer: call(containers.createContainerRequest, containers.createContainerResponse),
  StartContainer: call(containers.startContainerRequest, containers.startContainerResponse),
  StopContainer: call(containers.stopContainerRequest, containers.stopContainerResponse),
  RemoveContainer: call(containers.removeContainerRequest, containers.removeContainerResponse),
  ListContainers: call(containers.listContainersRequest, containers.listContainersResponse),
  StreamContainers: stream(containers.streamContainersRequest, containers.streamContainersResponse),
  ContainerStatus: call(containers.containerStatusRequest, containers.containerStatusResponse),
  UpdateContainerResources: call(
    resources.updateContainerResourcesRequest,
    resources.updateContainerResourcesResponse,
  ),
  ReopenContainerLog: call(containers.reopenContainerLogRequest, containers.reopenContainerLogResponse),
  ExecSync: call(streams.execSyncRequest, streams.execSyncResponse),
  Exec: call(streams.execRequest, streams.execResponse),
  Attach: call(streams.attachRequest, streams.attachResponse),
  PortForward: call(streams.portForwardRequest, streams.portForwardResponse),
  ContainerStats: call(stats.containerStatsRequest, stats.containerStatsResponse),
  ListContainerStats: call(stats.listContainerStatsRequest, stats.listContainerStatsResponse),
  StreamContainerStats: stream(stats.streamContainerStatsRequest, stats.streamContainerStatsResponse),
  PodSandboxStats: call(stats.podSandboxStatsRequest, stats.podSandboxStatsResponse),
  ListPodSandboxStats: call(stats.listPodSandboxStatsRequest, stats.listPodSandboxStatsResponse),
  StreamPodSandboxStats: stream(stats.streamPodSandboxStatsRequest, stats.streamPodSandboxStatsResponse),
  UpdateRuntimeConfig: call(runtime.updateRuntimeConfigRequest, runtime.updateRuntimeConfigResponse),
  Status: call(runtime.statusRequest, runtime.statusResponse),
  CheckpointContainer: call(containers.checkpointContainerRequest, containers.checkpointContainerResponse),
  GetContainerEvents: stream(runtime.getEventsRequest, runtime.containerEventResponse),
  ListMetricDescriptors: call(metrics.listMetricDescriptorsRequest, metrics.listMetricDescriptorsResponse),
  ListPodSandboxMetrics: call(metrics.listPodSandboxMetricsRequest, metrics.listPodSandboxMetricsResponse),
  StreamPodSandboxMetrics: stream(
    metrics.streamPodSandboxMetricsRequest,
    metrics.streamPodSandboxMetricsResponse,
  ),
  RuntimeConfig: call(runtime.runtimeConfigRequest, runtime.runtimeConfigResponse),
  UpdatePodSandboxResources: call(
    resources.updatePodSandboxResourcesRequest,
    resources.updatePodSandboxResourcesResponse,
  ),
};

export const imageService = {
  ListImages: call(images.listImagesRequest, images.listImagesResponse),
  StreamImages: stream(images.streamImagesRequest, images.streamImagesResponse),
  ImageStatus: call(images.imageStatusRequest, images.imageStatusResponse),
  PullImage: call(images.pullImageRequest, images.pullImageResponse),
  RemoveImage: call(images.removeImageRequest, images.removeImageResponse),
  ImageFsInfo: call(images.imageFsInfoRequest, images.imageFsInfoResponse),
};
