/** The engine's package on the operator's machine, verified before any host gets it. */
import * as pulumi from "@pulumi/pulumi";

/** Paths are the operator's. One of: what `make package` has made in the folder `build`, a `file`, or a `url`. */
export interface PackageSource {
  readonly build?: string;
  readonly file?: string;
  readonly signature?: string;
  readonly url?: string;
  /** By default the url with `.asc` behind it. */
  readonly signatureUrl?: string;
  readonly key?: string;
  readonly fingerprint?: string;
  readonly sha256?: string;
  readonly historical?: boolean;
}

export class EnginePackage extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly sha256: pulumi.Output<string>;
  declare readonly size: pulumi.Output<number>;
  declare readonly version: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      /** Debian's name of the host's architecture. */
      readonly architecture: pulumi.Input<string>;
      readonly source: PackageSource;
    },
    options?: pulumi.CustomResourceOptions,
  ) {
    const outputs = { path: undefined, sha256: undefined, size: undefined, version: undefined };
    super("rktnetes:engine:Package", name, { ...args, ...outputs }, options);
  }
}
