/** Typed handles of the provider's lab resources. */
import * as pulumi from "@pulumi/pulumi";
import type { HostConfig } from "../../config/schema.ts";

/** A network for throw-away hosts on this machine, and the key that logs in to them. */
export class LabNetwork extends pulumi.CustomResource {
  declare readonly gateway: pulumi.Output<string>;
  declare readonly privateKey: pulumi.Output<string>;
  declare readonly publicKey: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly name: string; readonly subnet: string },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(
      "rktnetes:lab:Network",
      name,
      { ...args, gateway: undefined, bridge: undefined, privateKey: undefined, publicKey: undefined },
      { ...options, additionalSecretOutputs: ["privateKey"] },
    );
  }
}

export interface LabHostArguments {
  /** The lab network's name. */
  readonly network: string;
  readonly name: string;
  readonly address: string;
  readonly release: HostConfig["release"];
  /** It is gone for good: neither started nor made anew. */
  readonly abandon?: boolean;
  /** Only for kvm hosts, which have memory and processors of their own. */
  readonly memoryMiB?: number;
  readonly cpus?: number;
}

export class LabHost extends pulumi.CustomResource {
  declare readonly hostKeys: pulumi.Output<string[]>;

  constructor(
    kind: "nspawn" | "kvm",
    name: string,
    args: LabHostArguments,
    options?: pulumi.CustomResourceOptions,
  ) {
    const token = kind === "nspawn" ? "rktnetes:lab:NspawnHost" : "rktnetes:lab:KvmHost";
    super(token, name, { ...args, hostKeys: undefined }, options);
  }
}

/** The lab's own registry, filled with images that are built on the spot from Debian packages. */
export class LabRegistry extends pulumi.CustomResource {
  /** Image references by name, fixed by content. */
  declare readonly images: pulumi.Output<Record<string, string>>;

  constructor(
    name: string,
    args: {
      readonly network: string;
      /** The network's gateway. */
      readonly address: string;
      readonly port: number;
      readonly images: readonly string[];
    },
    options?: pulumi.CustomResourceOptions,
  ) {
    super("rktnetes:lab:Registry", name, args, options);
  }
}
