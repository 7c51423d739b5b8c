/**
 * The storage walk-through of the source documents: a page on a host, a volume that offers it, a claim that asks
 * for space, and an nginx that serves the page from the claim.
 */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterHost } from "../cluster/ClusterHost.ts";
import { NGINX_COMMAND, NGINX_DIRECTORY, nginxConfiguration } from "./nginx.ts";
import { PAGE_DIRECTORY, pageState } from "./page.ts";

/** The port that the container declares, and that its nginx really listens on. */
export const PAGE_PORT = 8090;

export interface WalkthroughArguments {
  /** The host that keeps the page. */
  readonly host: ClusterHost;
  readonly image: pulumi.Input<string>;
  readonly nodePort: number;
  readonly provider: kubernetes.Provider;
  /** What must be ready before a pod can run. */
  readonly after: readonly pulumi.Resource[];
}

export class Walkthrough extends pulumi.ComponentResource {
  readonly volume: kubernetes.core.v1.PersistentVolume;
  readonly claim: kubernetes.core.v1.PersistentVolumeClaim;
  readonly pod: kubernetes.core.v1.Pod;

  constructor(name: string, args: WalkthroughArguments, options?: pulumi.ComponentResourceOptions) {
    super("rktnetes:workloads:Walkthrough", name, {}, options);
    const { host, provider } = args;
    const opts = { parent: this, provider };
    const page = host.role("page", { state: pageState(), after: args.after });
    this.volume = createVolume(host.node.name, { ...opts, dependsOn: [page] });
    this.claim = createClaim({ ...opts, dependsOn: [this.volume] });
    const settings = createSettings({ ...opts, dependsOn: [...args.after] });
    this.pod = createPod(args.image, { ...opts, dependsOn: [this.claim, settings] });
    createService(args.nodePort, { ...opts, dependsOn: [this.pod] });
    this.registerOutputs({});
  }
}

const LABELS = { app: "task-pv" };

/** The provider waits until it is Available; only then is it claimed. */
function createVolume(
  node: string,
  options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.PersistentVolume {
  return new kubernetes.core.v1.PersistentVolume(
    "task-pv-volume",
    {
      metadata: { name: "task-pv-volume", labels: { type: "local" } },
      spec: {
        storageClassName: "manual",
        capacity: { storage: "10Gi" },
        accessModes: ["ReadWriteOnce"],
        persistentVolumeReclaimPolicy: "Retain",
        hostPath: { path: PAGE_DIRECTORY },
        // The page lies on one host; a pod that wants it has to go there.
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] },
            ],
          },
        },
      },
    },
    options,
  );
}

function createClaim(options: pulumi.CustomResourceOptions): kubernetes.core.v1.PersistentVolumeClaim {
  return new kubernetes.core.v1.PersistentVolumeClaim(
    "task-pv-claim",
    {
      metadata: { name: "task-pv-claim", namespace: "default" },
      spec: {
        storageClassName: "manual",
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "3Gi" } },
      },
    },
    options,
  );
}

function createSettings(options: pulumi.CustomResourceOptions): kubernetes.core.v1.ConfigMap {
  return new kubernetes.core.v1.ConfigMap(
    "task-pv-nginx",
    {
      metadata: { name: "task-pv-nginx", namespace: "default" },
      data: { "nginx.conf": nginxConfiguration({ port: PAGE_PORT, answer: "files" }) },
    },
    options,
  );
}

function createPod(
  image: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Pod {
  return new kubernetes.core.v1.Pod(
    "task-pv-pod",
    {
      metadata: { name: "task-pv-pod", namespace: "default", labels: LABELS },
      spec: {
        volumes: [
          { name: "task-pv-storage", persistentVolumeClaim: { claimName: "task-pv-claim" } },
          { name: "settings", configMap: { name: "task-pv-nginx" } },
        ],
        containers: [
          {
            name: "task-pv-container",
            image,
            command: NGINX_COMMAND,
            ports: [{ name: "http-server", containerPort: PAGE_PORT }],
            volumeMounts: [
              { name: "task-pv-storage", mountPath: "/usr/share/nginx/html" },
              { name: "settings", mountPath: NGINX_DIRECTORY, readOnly: true },
            ],
            readinessProbe: { httpGet: { path: "/", port: "http-server" }, periodSeconds: 1 },
            resources: {
              requests: { cpu: "10m", memory: "32Mi" },
              limits: { cpu: "500m", memory: "128Mi" },
            },
          },
        ],
      },
    },
    options,
  );
}

function createService(nodePort: number, options: pulumi.CustomResourceOptions): void {
  new kubernetes.core.v1.Service(
    "task-pv-service",
    {
      metadata: { name: "task-pv-service", namespace: "default", labels: LABELS },
      spec: {
        type: "NodePort",
        selector: LABELS,
        ports: [{ name: "http", port: 80, targetPort: "http-server", nodePort }],
      },
    },
    options,
  );
}
