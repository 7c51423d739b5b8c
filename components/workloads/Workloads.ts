/** What the stack shows on its cluster, as its configuration asks. */
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster/Cluster.ts";
import { Examples } from "./Examples.ts";
import { Walkthrough } from "./Walkthrough.ts";
import { WebService } from "./WebService.ts";

export interface WorkloadsArguments {
  readonly config: StackConfig["workloads"];
  readonly images: StackConfig["images"];
  readonly cluster: Cluster;
  /** The lab registry's references, by image name. */
  readonly labImages: pulumi.Output<Record<string, string>> | undefined;
}

export class Workloads extends pulumi.ComponentResource {
  constructor(name: string, args: WorkloadsArguments, options?: pulumi.ComponentResourceOptions) {
    super("rktnetes:workloads:Workloads", name, {}, options);
    const { config, cluster } = args;
    const parent = { parent: this };
    const placed = { provider: cluster.provider, after: cluster.ready };
    if (config.walkthrough) {
      const wanted = config.walkthroughHost;
      const host =
        wanted === undefined
          ? (cluster.hosts.find(({ node }) => node.worker) ?? cluster.hosts[0])
          : cluster.hosts.find(({ node }) => node.name === wanted);
      if (host === undefined)
        throw new Error("no host for the walk-through: the configuration was not checked");
      new Walkthrough(
        "walkthrough",
        { host, image: this.#image("nginx", args), nodePort: config.walkthroughNodePort, ...placed },
        parent,
      );
    }
    if (config.webReplicas > 0) {
      new WebService(
        "web",
        {
          image: this.#image("nginx", args),
          replicas: config.webReplicas,
          nodePort: config.webNodePort,
          ...placed,
        },
        parent,
      );
    }
    if (config.examples) {
      new Examples("examples", { image: this.#image("shell", args), ...placed }, parent);
    }
    this.registerOutputs({});
  }

  #image(image: "nginx" | "shell", { images, labImages }: WorkloadsArguments): pulumi.Input<string> {
    const configured = images[image];
    if (configured !== undefined) return configured;
    if (labImages === undefined) throw new Error(`no image "${image}": the configuration was not checked`);
    return labImages.apply((references) => {
      const reference = references[image];
      if (reference === undefined) throw new Error(`the lab's registry has no image "${image}"`);
      return reference;
    });
  }
}
