/** Outside programs as the stack's configuration names them: built, fetched, given as a file, or packaged. */
import * as pulumi from "@pulumi/pulumi";
import type { ArtefactName, ArtefactSource } from "../../config/schema.ts";

/** Bytes that were obtained and verified on the operator's machine. */
export interface UploadedArtefact {
  readonly kind: "upload";
  readonly path: pulumi.Output<string>;
  readonly sha256: pulumi.Output<string>;
  readonly size: pulumi.Output<number>;
}

/** A program that the host gets from its own Debian sources. */
export interface PackagedArtefact {
  readonly kind: "package";
  readonly package: string;
  readonly version: string;
  /** Where the package puts it. */
  readonly path: string;
}

export type ArtefactValue = UploadedArtefact | PackagedArtefact;

export class Artefact extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly sha256: pulumi.Output<string>;
  declare readonly size: pulumi.Output<number>;

  constructor(
    name: string,
    args: { readonly name: string; readonly source: pulumi.Inputs },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(
      "rktnetes:artefact:Artefact",
      name,
      { ...args, path: undefined, sha256: undefined, size: undefined },
      options,
    );
  }
}

/** All artefacts of a cluster, obtained and verified before any host is touched. */
export class Artefacts extends pulumi.ComponentResource {
  readonly values: Readonly<Record<string, ArtefactValue>>;
  /** What a host's claim waits for. */
  readonly resources: readonly pulumi.Resource[];

  constructor(
    name: string,
    args: {
      readonly names: readonly ArtefactName[];
      readonly sources: Readonly<Partial<Record<ArtefactName, ArtefactSource>>>;
    },
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("rktnetes:artefact:Artefacts", name, {}, options);
    const resources: pulumi.Resource[] = [];
    const values: Record<string, ArtefactValue> = {};
    for (const artefact of args.names) {
      const source = args.sources[artefact] ?? { build: true as const };
      if ("package" in source) {
        values[artefact] = { kind: "package", ...source };
        continue;
      }
      const resource = new Artefact(
        `${name}-${artefact}`,
        { name: artefact, source: "build" in source ? { build: artefact } : source },
        { parent: this },
      );
      resources.push(resource);
      values[artefact] = {
        kind: "upload",
        path: resource.path,
        sha256: resource.sha256,
        size: resource.size,
      };
    }
    this.values = values;
    this.resources = resources;
    this.registerOutputs({});
  }
}
