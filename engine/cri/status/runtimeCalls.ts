/** The calls of the runtime service that say what this runtime is and how it does. */
import { runtimeService } from "../api/services.ts";
import { answers, type BoundCall } from "../server/calls.ts";

export interface RuntimeFacts {
  readonly engineVersion: string;
  /** What keeps pods from running on this host; empty where nothing does. */
  readonly obstacles: () => Promise<Readonly<Record<"runtime" | "network", string>>>;
}

/** The kubelet compares it, and takes no other. */
const KUBELET_API_VERSION = "0.1.0";

export function runtimeCalls({
  engineVersion,
  obstacles,
}: RuntimeFacts): Readonly<Partial<Record<keyof typeof runtimeService, BoundCall>>> {
  return {
    Version: answers(runtimeService.Version, () => ({
      version: KUBELET_API_VERSION,
      runtimeName: "rkt",
      runtimeVersion: engineVersion,
      runtimeApiVersion: "v1",
    })),

    Status: answers(runtimeService.Status, async () => {
      const { runtime, network } = await obstacles();
      return {
        status: {
          conditions: [
            condition("RuntimeReady", "RuntimeNotReady", runtime),
            condition("NetworkReady", "NetworkPluginNotReady", network),
          ],
        },
        runtimeHandlers: [{ name: "" }, { name: "rkt-oci" }],
        features: {},
      };
    }),

    // Addresses of pods are the CNI configuration's business.
    UpdateRuntimeConfig: answers(runtimeService.UpdateRuntimeConfig, () => ({})),

    RuntimeConfig: answers(runtimeService.RuntimeConfig, () => ({ linux: { cgroupDriver: "SYSTEMD" } })),
  };
}

function condition(
  type: string,
  reason: string,
  obstacle: string,
): { readonly type: string; readonly status: boolean; readonly reason?: string; readonly message?: string } {
  return obstacle === "" ? { type, status: true } : { type, status: false, reason, message: obstacle };
}
