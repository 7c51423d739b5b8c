/** One host of a cluster: its claim, and the states of the roles it plays. */
import * as pulumi from "@pulumi/pulumi";
import type { ArtefactValue } from "../artefacts/Artefact.ts";
import { HostClaim, HostState, type Connection } from "../host/resources.ts";
import type { RoleState } from "../host/role-state.ts";
import { stateInputs, type RoleValues } from "../host/values.ts";
import type { ClusterPlan, NodePlan } from "./plan.ts";
import { requirementsOf } from "./requirements.ts";

export interface ClusterHostArguments {
  readonly plan: ClusterPlan;
  readonly node: NodePlan;
  readonly connection: Connection;
  readonly artefacts: Readonly<Record<string, ArtefactValue>>;
  /** Who claims the host. */
  readonly claimant: pulumi.Input<string>;
  /** What must be there before the host is touched: the machine, and every artefact. */
  readonly after: readonly pulumi.Resource[];
}

export interface RoleArguments {
  readonly state: RoleState;
  readonly texts?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly after: readonly pulumi.Resource[];
  readonly packages?: RoleValues["packages"];
}

export class ClusterHost extends pulumi.ComponentResource {
  readonly node: NodePlan;
  readonly claim: HostClaim;
  readonly #args: ClusterHostArguments;

  constructor(name: string, args: ClusterHostArguments, options?: pulumi.ComponentResourceOptions) {
    super("rktnetes:cluster:Host", name, {}, options);
    this.node = args.node;
    this.#args = args;
    this.claim = new HostClaim(
      `${name}-claim`,
      {
        host: args.node.name,
        connection: args.connection,
        requirements: requirementsOf(args.plan, args.node),
        stack: args.claimant,
        abandon: args.node.abandon,
      },
      { parent: this, dependsOn: [...args.after] },
    );
    this.registerOutputs({});
  }

  /** Brings one role of this host to its state. */
  role(role: string, { state, texts, after, packages = {} }: RoleArguments): HostState {
    const { node, connection, artefacts } = this.#args;
    return new HostState(
      `${node.name}-${role}`,
      {
        host: node.name,
        role,
        connection,
        claim: this.claim.claim,
        abandon: node.abandon,
        ...stateInputs(state, { texts: texts ?? {}, artefacts, packages }),
      },
      { parent: this, dependsOn: [...after] },
    );
  }
}
