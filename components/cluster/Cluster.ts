/**
 * A Kubernetes cluster on hosts that can be reached by ssh: the one component most people need.
 *
 * @example
 * ```ts
 * const cluster = new Cluster("dev", { plan: planCluster(config), connections, artefacts, registries: [] });
 * export const kubeconfig = cluster.kubeconfig;
 * ```
 */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { addonsState } from "../addons/state.ts";
import { ClusterServices } from "../addons/ClusterServices.ts";
import type { Artefacts } from "../artefacts/Artefact.ts";
import { controlPlaneState } from "../control-plane/state.ts";
import type { ConfiguredEngine } from "../engine/configured.ts";
import { EnginePackage } from "../engine/EnginePackage.ts";
import { engineState } from "../engine/state.ts";
import { etcdState } from "../etcd/state.ts";
import type { Connection, HostState } from "../host/resources.ts";
import { networkState } from "../network/state.ts";
import { routesState } from "../network/routes.ts";
import { programsState } from "../node/programs.ts";
import { nodeState } from "../node/state.ts";
import { adminKubeconfig } from "../pki/kubeconfig.ts";
import { addonLeaves, controlPlaneLeaves, etcdLeaves, nodeLeaves } from "../pki/leaves.ts";
import { leafTexts, Pki } from "../pki/Pki.ts";
import type { LeafArguments } from "../pki/resources.ts";
import type { RegistryAccess } from "../runtime/registries.ts";
import { runtimeFor } from "../runtime/runtime.ts";
import { ClusterHost } from "./ClusterHost.ts";
import { ClusterIdentity } from "./identity.ts";
import { controlPlanesOf, type ClusterPlan, type NodePlan } from "./plan.ts";
import { Registration } from "./registration.ts";

/** A machine a host runs on: how to reach it, and what must exist before that works. */
export interface Machine {
  readonly connection: Connection;
  readonly resources: readonly pulumi.Resource[];
}

export interface ClusterArguments {
  readonly plan: ClusterPlan;
  /** By host name. */
  readonly machines: Readonly<Record<string, Machine>>;
  readonly artefacts: Artefacts;
  readonly registries: readonly RegistryAccess[];
  /** Absent where no engine of the rkt model is to be installed. */
  readonly engine?: ConfiguredEngine | undefined;
  /** `user:password` in base64, by the names that the registries refer to. */
  readonly registryCredentials?: Readonly<Record<string, pulumi.Input<string>>>;
}

type Texts = Readonly<Record<string, pulumi.Input<string>>>;

export class Cluster extends pulumi.ComponentResource {
  readonly identity: ClusterIdentity;
  readonly pki: Pki;
  readonly kubeconfig: pulumi.Output<string>;
  /** For what shall live in the cluster. */
  readonly provider: kubernetes.Provider;
  readonly hosts: readonly ClusterHost[];
  /** What a workload waits for: every node is Ready and names are answered. */
  readonly ready: readonly pulumi.Resource[];

  readonly #args: ClusterArguments;
  readonly #programs = new Map<string, HostState>();

  constructor(name: string, args: ClusterArguments, options?: pulumi.ComponentResourceOptions) {
    super("rktnetes:cluster:Cluster", name, {}, options);
    this.#args = args;
    const { plan } = args;
    this.identity = new ClusterIdentity(`${name}-identity`, { cluster: plan.name }, { parent: this });
    this.pki = new Pki(name, { plan }, { parent: this });
    this.kubeconfig = adminKubeconfig(plan, this.pki);
    this.hosts = plan.nodes.map((node) => this.#claimHost(node));
    for (const host of this.hosts) this.#createPrograms(host);
    for (const host of this.hosts) this.#createEngine(host);
    const controlPlanes = this.hosts.filter((host) => host.node.controlPlane);
    const members = controlPlanes.map((host) => this.#createEtcd(host));
    const apiServers = controlPlanes.map((host) => this.#createControlPlane(host, members));
    this.provider = this.#connectProvider(name, apiServers);
    const services = new ClusterServices(
      name,
      { plan, ca: this.pki.cluster.bundle, provider: this.provider, identity: this.identity },
      { parent: this },
    );
    const addons = controlPlanes.map((host) => this.#createAddons(host, services.access));
    const nodes = this.hosts.map((host) => this.#createNode(host, apiServers));
    for (const host of this.hosts) this.#createRoutes(host);
    this.ready = [...nodes, ...addons, ...services.resources];
    this.registerOutputs({ kubeconfig: this.kubeconfig });
  }

  #claimHost(node: NodePlan): ClusterHost {
    const { plan, machines, artefacts } = this.#args;
    const machine = machines[node.name];
    if (machine === undefined) throw new Error(`no machine is given for the host "${node.name}"`);
    const stack = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    return new ClusterHost(
      node.name,
      {
        plan,
        node,
        connection: machine.connection,
        artefacts: artefacts.values,
        claimant: pulumi.interpolate`${stack}#${this.identity.identity}`,
        after: [...machine.resources, ...artefacts.resources],
      },
      { parent: this },
    );
  }

  /** No host is changed before every host has been found fit. */
  get #claims(): readonly pulumi.Resource[] {
    return this.hosts.map((host) => host.claim);
  }

  #programsOf(host: ClusterHost): readonly pulumi.Resource[] {
    const programs = this.#programs.get(host.node.name);
    return programs === undefined ? [] : [programs];
  }

  #createPrograms(host: ClusterHost): void {
    const state = programsState(host.node.sharedKernel);
    this.#programs.set(host.node.name, host.role("programs", { state, after: this.#claims }));
  }

  /** Verified on this machine for the host's own architecture, then installed and configured there. */
  #createEngine(host: ClusterHost): void {
    const { engine } = this.#args;
    if (engine === undefined) return;
    const { name } = host.node;
    const verified = new EnginePackage(
      `${name}-engine-package`,
      { architecture: host.claim.facts.architecture, source: engine.source },
      { parent: host },
    );
    host.role("engine", {
      state: engineState(engine.settings, engine.packageName),
      texts: engine.texts,
      packages: { [engine.packageName]: verified },
      after: this.#programsOf(host),
    });
  }

  #createEtcd(host: ClusterHost): HostState {
    const { plan } = this.#args;
    const texts = this.#issue(host, "etcd", etcdLeaves(plan, host.node));
    return host.role("etcd", {
      state: etcdState(plan, host.node),
      texts: { "ca:etcd": this.pki.etcd.bundle, ...texts },
      after: this.#programsOf(host),
    });
  }

  #createControlPlane(host: ClusterHost, members: readonly HostState[]): HostState {
    const { plan } = this.#args;
    const { pki } = this;
    const texts = this.#issue(host, "control-plane", controlPlaneLeaves(plan, host.node));
    return host.role("control-plane", {
      state: controlPlaneState(plan, host.node),
      texts: {
        "ca:cluster": pki.cluster.bundle,
        "ca-key:cluster": pki.cluster.privateKey,
        "ca:etcd": pki.etcd.bundle,
        "ca:front-proxy": pki.frontProxy.bundle,
        "service-account.pub": pki.serviceAccounts.publicKey,
        "service-account.key": pki.serviceAccounts.privateKey,
        "encryption-key": pki.encryptionKey.base64,
        ...texts,
      },
      after: members,
    });
  }

  /** The one provider for everything inside the cluster. Its identifier never changes, whatever its access does. */
  #connectProvider(name: string, apiServers: readonly HostState[]): kubernetes.Provider {
    return new kubernetes.Provider(
      name,
      {
        kubeconfig: this.kubeconfig,
        clusterIdentifier: `rktnetes-${this.#args.plan.name}`,
        enableServerSideApply: true,
      },
      { parent: this, dependsOn: [...apiServers] },
    );
  }

  #createAddons(host: ClusterHost, access: readonly pulumi.Resource[]): HostState {
    const { plan } = this.#args;
    const texts = this.#issue(host, "addons", addonLeaves(plan, host.node));
    return host.role("addons", {
      state: addonsState(plan, host.node),
      texts: { "ca:cluster": this.pki.cluster.bundle, ...texts },
      after: access,
    });
  }

  #createNode(host: ClusterHost, apiServers: readonly HostState[]): HostState {
    const { plan, registries, registryCredentials } = this.#args;
    const runtime = runtimeFor(plan.runtime);
    const runtimeRole = host.role("runtime", {
      state: runtime.state(plan, host.node, registries),
      texts: registryCredentials ?? {},
      after: this.#programsOf(host),
    });
    const network = host.role("network", {
      state: networkState(plan, host.node),
      after: this.#programsOf(host),
    });
    const texts = this.#issue(host, "node", nodeLeaves(plan, host.node));
    return host.role("node", {
      state: nodeState(plan, host.node, runtime),
      texts: { "ca:cluster": this.pki.cluster.bundle, ...texts },
      after: [runtimeRole, network, ...apiServers, ...this.#register(host, apiServers)],
    });
  }

  /**
   * A host that is gone for good leaves the cluster at once, so that nobody waits for its pods. Where it takes the
   * last API server with it, there is nothing left to leave.
   */
  #register(host: ClusterHost, apiServers: readonly HostState[]): readonly pulumi.Resource[] {
    const { node } = host;
    const apiRemains = controlPlanesOf(this.#args.plan.nodes).some(({ abandon }) => !abandon);
    if (node.abandon && apiRemains) return [];
    const registration = new Registration(
      `${node.name}-registration`,
      { kubeconfig: this.kubeconfig, node: node.name, labels: node.labels, taints: node.taints },
      { parent: host, dependsOn: [...apiServers], deletedWith: this.identity },
    );
    return [registration];
  }

  #createRoutes(host: ClusterHost): void {
    const state = routesState(this.#args.plan, host.node);
    if (state !== undefined) host.role("routes", { state, after: this.#programsOf(host) });
  }

  #issue(host: ClusterHost, role: string, leaves: Readonly<Record<string, LeafArguments>>): Texts {
    const issued = this.pki.issue(`${host.node.name}-${role}-certificates`, leaves, { parent: host });
    return leafTexts(issued, Object.keys(leaves));
  }
}
