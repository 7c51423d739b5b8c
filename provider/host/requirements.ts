/** What a host must offer before anything on it is changed: the input of a claim's preflight. */
import { z } from "zod";

export const requirementsSchema = z.strictObject({
  /** Debian releases that are supported here. */
  releases: z.array(z.string()).default(["12", "13"]),
  minimumKernel: z.string().default("5.10"),
  minimumMemoryMiB: z.int().default(1024),
  minimumDiskMiB: z.int().default(2048),
  /** Ports that must be free (or already be ours), as in `6443/tcp`. */
  ports: z.array(z.string().regex(/^\d+\/(tcp|udp)$/)).default([]),
  /** Ranges that must not overlap with any route or address of the host. */
  cidrs: z.array(z.string()).default([]),
  /** Names the host must be able to resolve. */
  resolves: z.array(z.string()).default([]),
  /** Controllers the kubelet needs. */
  cgroupControllers: z.array(z.string()).default(["cpu", "cpuset", "memory", "pids"]),
  /** Whether a swap device in use is a finding. */
  swapOff: z.boolean().default(true),
  /** Greatest difference to the operator's clock, in seconds. */
  clockSkewSeconds: z.number().default(30),
});

export type Requirements = z.infer<typeof requirementsSchema>;
export type RequirementsInput = z.input<typeof requirementsSchema>;
