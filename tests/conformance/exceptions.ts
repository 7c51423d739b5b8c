/**
 * Specs that are known not to pass, and why. One that passes must leave this list, or the run fails; so must one that
 * critest no longer has.
 */
import { runtimeNames, type RuntimeName } from "./runtimes/runtime.ts";

export interface Exception {
  /** A spec's whole name without `[k8s.io] `, or the words with which those of several begin. */
  readonly spec: string;
  readonly outcome: "failed" | "skipped";
  readonly runtimes: readonly RuntimeName[];
  /** Where it holds for one of the two only. */
  readonly transport?: Transport;
  readonly reason: string;
  /** On the same host. */
  readonly containerdPasses: boolean;
}

export const transports = ["spdy", "websocket"] as const;
export type Transport = (typeof transports)[number];

const every: readonly RuntimeName[] = runtimeNames;

export const exceptions: readonly Exception[] = [
  {
    spec: "Image Manager public image with digest should be pulled and removed [Conformance]",
    outcome: "failed",
    runtimes: every,
    reason:
      "it names the digest of an image that was built elsewhere, and these are rebuilt from Debian packages",
    containerdPasses: false,
  },
  {
    spec: "AppArmor",
    outcome: "skipped",
    runtimes: every,
    reason: "lab hosts have no AppArmor",
    containerdPasses: false,
  },
  {
    spec: "Streaming",
    outcome: "failed",
    runtimes: ["containerd"],
    transport: "websocket",
    reason:
      "critest speaks v5.channel.k8s.io and SPDY within a WebSocket, and containerd 2.4 neither of the two",
    containerdPasses: false,
  },
];
