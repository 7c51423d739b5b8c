/** Which cluster this is, for as long as it lives. */
import * as pulumi from "@pulumi/pulumi";

/**
 * A random name that a cluster gets once. Hosts are claimed in it, and what lives inside the cluster is deleted
 * with it: nothing needs to be taken out of an API server that is about to go.
 */
export class ClusterIdentity extends pulumi.CustomResource {
  declare readonly identity: pulumi.Output<string>;

  constructor(name: string, args: { readonly cluster: string }, options?: pulumi.CustomResourceOptions) {
    super("rktnetes:cluster:Identity", name, { ...args, identity: undefined }, options);
  }
}
