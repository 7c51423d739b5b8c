/** A control plane, a workspace for stacks, and short ways to use both. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import type { Json } from "../../../provider/kubernetes/json.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { builtProgram, Workspace } from "./workspace.ts";

/** Declares objects with the given options; what it returns becomes the stack's outputs, unless it is a resource. */
export type Declare = (options: pulumi.CustomResourceOptions) => unknown;

const REQUEST_MS = 60_000;

export class ClusterBench {
  readonly plane: ControlPlane;
  readonly workspace: Workspace;

  private constructor(plane: ControlPlane, workspace: Workspace) {
    this.plane = plane;
    this.workspace = workspace;
  }

  static async start(): Promise<ClusterBench> {
    const kubernetes = builtProgram("kubernetes");
    const pulumiProgram = builtProgram("pulumi");
    if (kubernetes === undefined || pulumiProgram === undefined) {
      throw new Error("run `make tools` first: this test needs the Pulumi CLI and the Kubernetes binary");
    }
    const workspace = await Workspace.create(pulumiProgram);
    const plane = await startControlPlane(kubernetes);
    await plane.startControllers();
    return new ClusterBench(plane, workspace);
  }

  async stop(): Promise<void> {
    await this.plane.stop();
    await this.workspace.remove();
  }

  stack(name: string, program: PulumiFn): Promise<Stack> {
    return this.workspace.stack(name, program);
  }

  using(declare: Declare, args: k8s.ProviderArgs = {}): PulumiFn {
    return () => {
      const provider = new k8s.Provider("cluster", {
        kubeconfig: pulumi.secret(this.plane.kubeconfig),
        clusterIdentifier: "test",
        ...args,
      });
      const outputs = declare({ provider });
      const named = typeof outputs === "object" && outputs !== null && !(outputs instanceof pulumi.Resource);
      return Promise.resolve(named ? { ...outputs } : {});
    };
  }

  get(path: string): Promise<Json> {
    return this.plane.client.json(path, { signal: AbortSignal.timeout(REQUEST_MS) });
  }

  async exists(path: string): Promise<boolean> {
    return this.get(path).then(
      () => true,
      () => false,
    );
  }

  post(path: string, body: Json, query: Record<string, string> = {}): Promise<Json> {
    return this.plane.client.json(path, {
      method: "POST",
      body,
      query,
      signal: AbortSignal.timeout(REQUEST_MS),
    });
  }

  delete(path: string): Promise<Json> {
    return this.plane.client.json(path, { method: "DELETE", signal: AbortSignal.timeout(REQUEST_MS) });
  }

  patch(path: string, body: Json, contentType: string, query: Record<string, string> = {}): Promise<Json> {
    const signal = AbortSignal.timeout(REQUEST_MS);
    return this.plane.client.json(path, { method: "PATCH", body, contentType, query, signal });
  }
}
