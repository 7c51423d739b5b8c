/** The cluster behind the provider's configuration: opened at the first need, remembered when it is away. */
import { Fault } from "../../../errors/fault.ts";
import { Unknown } from "../../../provider/protocol/value.ts";
import { Cluster } from "./api/cluster.ts";
import { accessOf, ambientKubeconfig, loadKubeconfig } from "../../../provider/kubernetes/kubeconfig.ts";
import type { Settings } from "./config/settings.ts";

export class Connection {
  readonly settings: Settings;
  #cluster: Cluster | undefined;
  #defaultNamespace: string | undefined;
  /** Set when the cluster could not be reached, until it is: others need not find that out again by waiting. */
  #isAway = false;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** Throws when the kubeconfig is not known yet or wrong. */
  cluster(): Cluster {
    if (this.#cluster === undefined) {
      const access = accessOf(this.#kubeconfig(), this.settings.choice);
      this.#defaultNamespace = access.namespace;
      this.#cluster = new Cluster(access);
    }
    return this.#cluster;
  }

  /** The namespace of objects that name none. */
  defaultNamespace(): string {
    if (this.settings.namespace !== undefined) return this.settings.namespace;
    if (!this.isKnown()) return "default";
    this.cluster();
    return this.#defaultNamespace ?? "default";
  }

  /** False in a preview in which the kubeconfig is still to be made, or when there is none at all. */
  isKnown(): boolean {
    const { kubeconfig } = this.settings;
    if (kubeconfig instanceof Unknown) return false;
    return kubeconfig !== undefined || ambientKubeconfig(process.env) !== undefined;
  }

  markAway(): void {
    this.#isAway = true;
  }

  markBack(): void {
    this.#isAway = false;
  }

  isAway(): boolean {
    return this.#isAway;
  }

  close(): void {
    this.#cluster?.close();
  }

  #kubeconfig(): ReturnType<typeof loadKubeconfig> {
    const { kubeconfig } = this.settings;
    if (kubeconfig instanceof Unknown) {
      throw new Fault({ what: "the kubeconfig is not known yet", where: "provider kubernetes" });
    }
    const found = kubeconfig ?? ambientKubeconfig(process.env);
    if (found === undefined) {
      throw new Fault({
        what: "there is no kubeconfig",
        where: "provider kubernetes",
        allowed: "the provider's `kubeconfig` (text or path), $KUBECONFIG, or ~/.kube/config",
      });
    }
    return loadKubeconfig(found);
  }
}
