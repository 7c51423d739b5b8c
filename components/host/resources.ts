/** Typed handles of the provider's host resources. `Claim` and `HostRole` build on them. */
import * as pulumi from "@pulumi/pulumi";
import type { ConnectionInput } from "../../provider/host/connection.ts";
import type { RequirementsInput } from "../../provider/host/requirements.ts";

/** Connection settings, of which some (a lab host's keys) are only known once the machine is there. */
export type Connection = { [Key in keyof ConnectionInput]: pulumi.Input<NonNullable<ConnectionInput[Key]>> };

export interface ClaimArguments {
  /** The host's name in the cluster. */
  readonly host: string;
  readonly connection: Connection;
  /** What preflight asks of the host before anything is changed. */
  readonly requirements: RequirementsInput;
  /** Who claims: another stack's claim is refused. */
  readonly stack: pulumi.Input<string>;
  /** The machine is gone for good: the stack forgets it without reaching it. */
  readonly abandon?: boolean;
}

/** What preflight found out about a host. */
export interface HostFacts {
  readonly release: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly cgroupVersion: number;
  readonly machineId: string;
  readonly memoryMiB: number;
  readonly cpus: number;
}

/**
 * This stack's hold on one host: preflight, a lock against other writers, and the ledger of all that is put
 * there. Deleting it sweeps whatever a broken run may have left.
 */
export class HostClaim extends pulumi.CustomResource {
  declare readonly facts: pulumi.Output<HostFacts>;
  declare readonly claim: pulumi.Output<string>;

  constructor(name: string, args: ClaimArguments, options?: pulumi.CustomResourceOptions) {
    super("rktnetes:host:Claim", name, { ...args, facts: undefined, claim: undefined }, options);
  }
}

/** One role's state on one host: packages, users, files, kernel settings and units. */
export class HostState extends pulumi.CustomResource {
  constructor(name: string, args: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
    super("rktnetes:host:State", name, args, options);
  }
}
