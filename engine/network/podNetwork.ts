import type { DnsSettings } from "./nameResolution.ts";

/** What the person asked for with --net, --dns*, --hostname and --port. */
export interface NetworkRequest {
  /** In the order given, e.g. `default`, `host`, `none`, `db:IP=172.16.28.9`. */
  readonly networks: readonly {
    readonly name: string;
    readonly arguments: Readonly<Record<string, string>>;
  }[];
  readonly ports: readonly PortForward[];
}

export interface PortForward {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly podPort: number;
  readonly hostPort: number;
  readonly hostIP?: string;
}

/** One network that a pod is attached to, as written to the pod's net-info.json in rkt's form. */
export interface AttachedNetwork {
  readonly netName: string;
  readonly netConf: string;
  readonly pluginPath: string;
  readonly ifName: string;
  readonly ip: string;
  readonly args: string;
  readonly mask: string;
}

/** A pod's network as stage1 sees it. */
export type PodNetwork =
  | { readonly kind: "host" }
  /** Nothing but loopback, in a namespace that the flavour makes and that ends with the pod. */
  | { readonly kind: "none" }
  /** A network namespace of the pod's own, pinned at `path`. */
  | {
      readonly kind: "own";
      readonly path: string;
      readonly attached: readonly AttachedNetwork[];
      /** Of the networks, those that masquerade first. Where one is an address of the host, the pod reaches it there. */
      readonly gateways?: readonly string[];
      /** What the first network that speaks of name servers said of them (`podNameFiles` makes files of it). */
      readonly dns?: { readonly network: string; readonly settings: DnsSettings };
    };

/** Every step is recorded in the pod's folder before it is done, so that gc finds what a killed command left. */
export interface Networking {
  /** What fails is taken away again before the Fault is thrown. */
  setUp(podFolder: string, uuid: string, request: NetworkRequest): Promise<PodNetwork>;
  /** Takes away whatever setUp made or half made; nothing is no error, nor is a pod folder that is gone. */
  tearDown(podFolder: string, uuid: string): Promise<void>;
  /**
   * Pods of this data folder that still hold something although they exist no longer; `exists` is asked after the
   * looking. tearDown clears them. Leases from before the last boot, and rules that nobody uses, go at once.
   */
  leftovers(exists: (uuid: string) => boolean | Promise<boolean>): Promise<readonly string[]>;
}
