/** The other kinds of workload that the source documents show: one small example of each. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface ExamplesArguments {
  /** An image with a shell. */
  readonly image: pulumi.Input<string>;
  readonly provider: kubernetes.Provider;
  readonly after: readonly pulumi.Resource[];
}

export class Examples extends pulumi.ComponentResource {
  constructor(name: string, args: ExamplesArguments, options?: pulumi.ComponentResourceOptions) {
    super("rktnetes:workloads:Examples", name, {}, options);
    const opts = { parent: this, provider: args.provider, dependsOn: [...args.after] };
    createReplicationController(args.image, opts);
    createDaemonSet(args.image, opts);
    createJob(args.image, opts);
    this.registerOutputs({});
  }
}

type PodTemplate = kubernetes.types.input.core.v1.PodTemplateSpec;

function template(
  app: string,
  image: pulumi.Input<string>,
  command: readonly string[],
  restartPolicy: "Always" | "Never",
): PodTemplate {
  return {
    metadata: { labels: { app } },
    spec: {
      restartPolicy,
      terminationGracePeriodSeconds: 2,
      containers: [
        {
          name: app,
          image,
          command: [...command],
          resources: { requests: { cpu: "5m", memory: "8Mi" }, limits: { cpu: "200m", memory: "32Mi" } },
        },
      ],
    },
  };
}

const PATIENT = ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"];

function createReplicationController(image: pulumi.Input<string>, opts: pulumi.CustomResourceOptions): void {
  const app = "example-replicas";
  new kubernetes.core.v1.ReplicationController(
    app,
    {
      metadata: { name: app, namespace: "default" },
      spec: { replicas: 2, selector: { app }, template: template(app, image, PATIENT, "Always") },
    },
    opts,
  );
}

function createDaemonSet(image: pulumi.Input<string>, opts: pulumi.CustomResourceOptions): void {
  const app = "example-everywhere";
  new kubernetes.apps.v1.DaemonSet(
    app,
    {
      metadata: { name: app, namespace: "default" },
      spec: { selector: { matchLabels: { app } }, template: template(app, image, PATIENT, "Always") },
    },
    opts,
  );
}

function createJob(image: pulumi.Input<string>, opts: pulumi.CustomResourceOptions): void {
  const app = "example-job";
  new kubernetes.batch.v1.Job(
    app,
    {
      metadata: { name: app, namespace: "default" },
      spec: {
        backoffLimit: 2,
        template: template(app, image, ["/bin/sh", "-c", "echo done"], "Never"),
      },
    },
    opts,
  );
}
