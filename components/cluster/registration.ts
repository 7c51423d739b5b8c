/** A node's object in the cluster's API, from before its kubelet starts until after it was stopped. */
import * as pulumi from "@pulumi/pulumi";
import type { NodePlan } from "./plan.ts";

export interface RegistrationArguments {
  /** How to reach the API, as one who may do everything with nodes and pods. */
  readonly kubeconfig: pulumi.Input<string>;
  /** The node's name. */
  readonly node: string;
  readonly labels: NodePlan["labels"];
  readonly taints: NodePlan["taints"];
}

/**
 * Its labels and taints follow the configuration at any time, not only when the kubelet registers. Deleting it
 * deletes the node with its pods; it depends on nothing of the host's, so that a host that is gone can go too.
 */
export class Registration extends pulumi.CustomResource {
  constructor(name: string, args: RegistrationArguments, options?: pulumi.CustomResourceOptions) {
    const secret = pulumi.mergeOptions(options, { additionalSecretOutputs: ["kubeconfig"] });
    super("rktnetes:cluster:Registration", name, { ...args }, secret);
  }
}
