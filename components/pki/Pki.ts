/** The cluster's authorities and the secrets that all control planes share. */
import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../cluster/plan.ts";
import { adminLeaves } from "./leaves.ts";
import { Authority, KeyPair, Leaves, RandomSecret, type LeafArguments } from "./resources.ts";

export class Pki extends pulumi.ComponentResource {
  readonly cluster: Authority;
  readonly etcd: Authority;
  readonly frontProxy: Authority;
  readonly serviceAccounts: KeyPair;
  readonly encryptionKey: RandomSecret;
  readonly admin: Leaves;

  constructor(name: string, args: { readonly plan: ClusterPlan }, options?: pulumi.ComponentResourceOptions) {
    super("rktnetes:pki:Pki", name, {}, options);
    const parent = { parent: this };
    const authority = (role: string): Authority =>
      new Authority(`${name}-${role}-ca`, { commonName: `${args.plan.name}-${role}-ca` }, parent);
    this.cluster = authority("cluster");
    this.etcd = authority("etcd");
    this.frontProxy = authority("front-proxy");
    this.serviceAccounts = new KeyPair(`${name}-service-accounts`, parent);
    this.encryptionKey = new RandomSecret(`${name}-encryption`, { bytes: 32 }, parent);
    this.admin = new Leaves(
      `${name}-admin`,
      { authorities: { cluster: this.cluster }, leaves: adminLeaves(args.plan) },
      parent,
    );
    this.registerOutputs({});
  }

  /** Issues one role's certificates by those authorities that they name. */
  issue(
    name: string,
    leaves: Readonly<Record<string, LeafArguments>>,
    options: pulumi.CustomResourceOptions,
  ): Leaves {
    const byName: Readonly<Record<string, Authority>> = {
      cluster: this.cluster,
      etcd: this.etcd,
      "front-proxy": this.frontProxy,
    };
    const used = new Set(Object.values(leaves).map((leaf) => leaf.authority));
    const authorities = Object.fromEntries(
      Object.entries(byName).filter(([authority]) => used.has(authority)),
    );
    return new Leaves(name, { authorities, leaves }, options);
  }
}

/** The texts that roles refer to as `<leaf>.crt` and `<leaf>.key`. */
export function leafTexts(
  leaves: Leaves,
  names: readonly string[],
): Readonly<Record<string, pulumi.Output<string>>> {
  return Object.fromEntries(
    names.flatMap((name) => [
      [`${name}.crt`, leaves.certificate(name)],
      [`${name}.key`, leaves.privateKey(name)],
    ]),
  );
}
