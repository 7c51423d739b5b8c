/** The program: configuration in, cluster and workloads, outputs out. */
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Artefacts } from "./components/artefacts/Artefact.ts";
import { artefactsNeeded } from "./components/artefacts/needed.ts";
import { Cluster } from "./components/cluster/Cluster.ts";
import { planCluster } from "./components/cluster/plan.ts";
import { configuredEngine } from "./components/engine/configured.ts";
import { Machines } from "./components/machines/Machines.ts";
import { registryAccess } from "./components/runtime/configured-registries.ts";
import { Workloads } from "./components/workloads/Workloads.ts";
import { labNetworkName } from "./components/machines/lab-name.ts";
import { readStackConfig } from "./config/stack.ts";

const config = readStackConfig();
const plan = planCluster(config);

const artefacts = new Artefacts("artefacts", { names: artefactsNeeded(plan), sources: config.artefacts });
const machines = new Machines("machines", {
  hosts: config.hosts,
  lab: config.lab,
  labName: labNetworkName(plan.name, pulumi.getStack(), import.meta.dirname),
});
const registries = registryAccess(config.images.registries);
const cluster = new Cluster(plan.name, {
  plan,
  machines: machines.machines,
  artefacts,
  registries: [...machines.registries, ...registries.access],
  registryCredentials: registries.credentials,
  engine: configuredEngine(config.engine, join(import.meta.dirname, "build/packages")),
});
new Workloads("workloads", {
  config: config.workloads,
  images: config.images,
  cluster,
  labImages: machines.registry?.images,
});

export const kubeconfig = cluster.kubeconfig;
export const apiServer = plan.apiUrl;
export const nodes = plan.nodes.map(({ name, address, podCidr }) => ({ name, address, podCidr }));
export const walkthroughPort = config.workloads.walkthrough ? config.workloads.walkthroughNodePort : null;
export const webPort = config.workloads.webReplicas > 0 ? config.workloads.webNodePort : null;
