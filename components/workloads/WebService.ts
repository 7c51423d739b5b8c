/** A replicated web service: reachable by name inside the cluster and by every host's port from outside. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { NGINX_COMMAND, NGINX_DIRECTORY, nginxConfiguration } from "./nginx.ts";

const PORT = 8080;

export interface WebServiceArguments {
  readonly image: pulumi.Input<string>;
  readonly replicas: number;
  readonly nodePort: number;
  readonly provider: kubernetes.Provider;
  readonly after: readonly pulumi.Resource[];
}

/** Every replica answers with its own name, so that a reader sees who served a request. */
export class WebService extends pulumi.ComponentResource {
  readonly deployment: kubernetes.apps.v1.Deployment;
  readonly service: kubernetes.core.v1.Service;

  constructor(name: string, args: WebServiceArguments, options?: pulumi.ComponentResourceOptions) {
    super("rktnetes:workloads:WebService", name, {}, options);
    const labels = { app: name };
    const opts = { parent: this, provider: args.provider };
    const settings = new kubernetes.core.v1.ConfigMap(
      `${name}-nginx`,
      {
        metadata: { name: `${name}-nginx`, namespace: "default", labels },
        data: { "nginx.conf": nginxConfiguration({ port: PORT, answer: "hostname" }) },
      },
      { ...opts, dependsOn: [...args.after] },
    );
    this.deployment = new kubernetes.apps.v1.Deployment(
      name,
      {
        metadata: { name, namespace: "default", labels },
        spec: {
          replicas: args.replicas,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              // A node that dies is not waited for long: its replicas come up elsewhere.
              tolerations: ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map((key) => ({
                key,
                operator: "Exists",
                effect: "NoExecute",
                tolerationSeconds: 10,
              })),
              volumes: [{ name: "settings", configMap: { name: settings.metadata.name } }],
              containers: [
                {
                  name: "web",
                  image: args.image,
                  command: NGINX_COMMAND,
                  volumeMounts: [{ name: "settings", mountPath: NGINX_DIRECTORY, readOnly: true }],
                  ports: [{ name: "http", containerPort: PORT }],
                  readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
                  resources: {
                    requests: { cpu: "10m", memory: "16Mi" },
                    limits: { cpu: "500m", memory: "64Mi" },
                  },
                },
              ],
            },
          },
        },
      },
      { ...opts, dependsOn: [settings, ...args.after] },
    );
    this.service = new kubernetes.core.v1.Service(
      name,
      {
        metadata: { name, namespace: "default", labels },
        spec: {
          type: "NodePort",
          selector: labels,
          ports: [{ name: "http", port: 80, targetPort: "http", nodePort: args.nodePort }],
        },
      },
      { ...opts, dependsOn: [this.deployment] },
    );
    this.registerOutputs({});
  }
}
