/** Typed handles of the provider's certificate resources. Keys are secrets here as well as in the provider. */
import * as pulumi from "@pulumi/pulumi";

export interface AuthorityArguments {
  readonly commonName: string;
  readonly validityDays?: number;
  /** Raise it to get a new key; the former certificates stay in the bundle until they end. */
  readonly generation?: number;
}

export class Authority extends pulumi.CustomResource {
  declare readonly certificate: pulumi.Output<string>;
  declare readonly privateKey: pulumi.Output<string>;
  /** The present certificate and the former ones that are still trusted. */
  declare readonly bundle: pulumi.Output<string>;

  constructor(name: string, args: AuthorityArguments, options?: pulumi.CustomResourceOptions) {
    super(
      "rktnetes:pki:Authority",
      name,
      { ...args, certificate: undefined, privateKey: undefined, bundle: undefined },
      secretOutputs(options, "privateKey"),
    );
  }
}

export interface LeafArguments {
  /** Name of an authority among the resource's `authorities`. */
  readonly authority: string;
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  readonly usages: readonly ("client" | "server")[];
  readonly validityDays?: number;
}

export interface Leaf {
  readonly certificate: string;
  readonly privateKey: string;
}

/** All leaf certificates of one host and role. */
export class Leaves extends pulumi.CustomResource {
  declare readonly leaves: pulumi.Output<Record<string, Leaf>>;

  constructor(
    name: string,
    args: {
      readonly authorities: Readonly<Record<string, Authority>>;
      readonly leaves: Readonly<Record<string, LeafArguments>>;
    },
    options?: pulumi.CustomResourceOptions,
  ) {
    const authorities = Object.fromEntries(
      Object.entries(args.authorities).map(([key, { certificate, privateKey }]) => [
        key,
        { certificate, privateKey },
      ]),
    );
    super("rktnetes:pki:Leaves", name, { authorities, leaves: args.leaves }, options);
  }

  // Properties are lifted one by one, not by `apply` over all: when one leaf is issued anew, a preview still knows
  // the others.
  certificate(leaf: string): pulumi.Output<string> {
    return this.#leaf(leaf).certificate;
  }

  privateKey(leaf: string): pulumi.Output<string> {
    return pulumi.secret(this.#leaf(leaf).privateKey);
  }

  #leaf(name: string): pulumi.Output<Leaf> {
    const leaf = this.leaves[name];
    if (leaf === undefined) throw new Error(`there is no leaf certificate "${name}"`);
    return leaf;
  }
}

/** A key pair for signing service account tokens. */
export class KeyPair extends pulumi.CustomResource {
  declare readonly publicKey: pulumi.Output<string>;
  declare readonly privateKey: pulumi.Output<string>;

  constructor(name: string, options?: pulumi.CustomResourceOptions) {
    super(
      "rktnetes:pki:KeyPair",
      name,
      { publicKey: undefined, privateKey: undefined },
      secretOutputs(options, "privateKey"),
    );
  }
}

/** Random bytes that stay what they are. */
export class RandomSecret extends pulumi.CustomResource {
  declare readonly base64: pulumi.Output<string>;

  constructor(name: string, args: { readonly bytes: number }, options?: pulumi.CustomResourceOptions) {
    super(
      "rktnetes:pki:RandomSecret",
      name,
      { ...args, base64: undefined },
      secretOutputs(options, "base64"),
    );
  }
}

function secretOutputs(
  options: pulumi.CustomResourceOptions | undefined,
  ...names: readonly string[]
): pulumi.CustomResourceOptions {
  return { ...options, additionalSecretOutputs: [...(options?.additionalSecretOutputs ?? []), ...names] };
}
