/** The cluster that most of these tests share. */
import type { StackSettings } from "../../support/checkout.ts";
import { labRange } from "../../support/lab-range.ts";
import { StackUnderTest } from "../../support/stack-under-test.ts";

export const stack = new StackUnderTest("one");

const range = await labRange(stack.lab.network);
export const ONE = range.address(11);
export const TWO = range.address(12);
export const NODE_PORTS = { page: 30090, web: 30080 } as const;

const one = { name: "one", machine: "nspawn", address: ONE, roles: ["control-plane", "worker"] };
const two = { name: "two", machine: "nspawn", address: TWO, roles: ["worker"] };

export const oneNode: StackSettings = {
  lab: { subnet: range.subnet },
  hosts: [one],
  workloads: { walkthrough: true, webReplicas: 4, examples: true },
};

/** One line of configuration more. */
export const twoNodes: StackSettings = { ...oneNode, hosts: [one, two] };

/** The second machine is gone for good. */
export const secondAbandoned: StackSettings = { ...oneNode, hosts: [one, { ...two, abandon: true }] };

/** The same cluster with one flag of the kubelet changed. */
export const morePods: StackSettings = { ...oneNode, hosts: [{ ...one, kubelet: { maxPods: 120 } }] };
