/**
 * `rktnetes:cluster:Registration`: a node's object in the API. It is made before the node's kubelet starts, which
 * then fills it in, and it goes after the kubelet was stopped: nobody else ever deletes the node of a host that left,
 * and its pods would be waited for for ever.
 */
import { z } from "zod";
import { Fault } from "../../errors/fault.ts";
import { ApiClient, type RequestOptions } from "../kubernetes/client.ts";
import { isMissing, isPassing, Refusal } from "../kubernetes/failure.ts";
import { listAt, textAt, type Json } from "../kubernetes/json.ts";
import { accessOf, loadKubeconfig } from "../kubernetes/kubeconfig.ts";
import { patiently } from "../kubernetes/patience.ts";
import { failuresOf } from "../protocol/inputs.ts";
import type { Change, OperationContext, ResourceKind } from "../protocol/resource.ts";
import { containsUnknown, revealProperties, sameValue, Secret, type Properties } from "../protocol/value.ts";
import { marksOn, NO_MARKS, nodeObject, nodePatch, type NodeMarks } from "./node-changes.ts";

const inputsSchema = z.strictObject({
  /** How to reach the API, as one who may do everything with nodes and pods. */
  kubeconfig: z.string().min(1),
  node: z.string().min(1),
  labels: z.record(z.string(), z.string()).default({}),
  taints: z
    .array(
      z.strictObject({
        key: z.string().min(1),
        value: z.string().default(""),
        effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
      }),
    )
    .default([]),
});

type Inputs = z.infer<typeof inputsSchema>;

const PATIENCE_SECONDS = 60;
const FIELD_MANAGER = { fieldManager: "rktnetes" };

export const registrationKind: ResourceKind = {
  token: "rktnetes:cluster:Registration",

  check(news) {
    const { kubeconfig = null } = news;
    const hidden = kubeconfig instanceof Secret ? kubeconfig : new Secret(kubeconfig);
    const inputs = {
      labels: {},
      taints: [],
      ...news,
      ...(kubeconfig === null ? {} : { kubeconfig: hidden }),
    };
    return Promise.resolve({ inputs, failures: failuresOf(inputsSchema, inputs, ["labels"]) });
  },

  /** Labels and taints are compared with what the node was last seen to have. */
  diff({ olds, oldInputs, news }) {
    const changes: Record<string, Change> = {};
    if (!sameInput(oldInputs, news, "node")) changes["node"] = { kind: "update-replace" };
    if (!sameInput(oldInputs, news, "kubeconfig")) changes["kubeconfig"] = { kind: "update" };
    for (const key of ["labels", "taints"]) {
      if (sameInput(olds, news, key)) continue;
      changes[key] = { kind: "update", inputDiff: !sameInput(oldInputs, news, key) };
    }
    return Promise.resolve({ changes, stables: ["node"] });
  },

  async create(inputs, context) {
    const id = nameIn(inputs);
    if (context.preview) return { id, outputs: inputs };
    await bring(inputs, NO_MARKS, context);
    return { id, outputs: inputs };
  },

  async read({ id, inputs }, context) {
    if (inputs["kubeconfig"] === undefined) throw notImportable(id);
    const parsed = parse(inputs);
    return overApi(parsed, context, "look at", async (api) => {
      const found = await findNode(api, parsed.node);
      if (found === undefined) return { id: "", outputs: {}, inputs: {} };
      const { labels, taints } = marksOn(found, parsed);
      return { id, outputs: { ...inputs, labels, taints: taints.map((taint) => ({ ...taint })) }, inputs };
    });
  },

  async update({ olds, oldInputs, news }, context) {
    if (context.preview) return news;
    const settled = sameInput(olds, news, "labels") && sameInput(olds, news, "taints");
    if (!settled) await bring(news, parse(oldInputs), context);
    return news;
  },

  async delete({ inputs }, context) {
    const parsed = parse(inputs);
    await overApi(parsed, context, "delete", async (api) => {
      await orMissing(api.send(nodePath(parsed.node), { method: "DELETE" }));
      // The node first: where there is none, no controller puts another pod.
      const ended = await endPods(api, parsed.node);
      if (ended > 0)
        context.log.info(`${parsed.node}: the cluster has forgotten the ${ended} pods of this node`);
    });
  },
};

/** Makes the node, or marks the one that is there: a kubelet, or a run that was cut off, may have been faster. */
async function bring(inputs: Properties, former: NodeMarks, context: OperationContext): Promise<void> {
  const wanted = parse(inputs);
  await overApi(wanted, context, "register", async (api) => {
    const found = await findNode(api, wanted.node);
    if (found === undefined) {
      const body = nodeObject(wanted.node, wanted);
      await api.send("/api/v1/nodes", { method: "POST", body, query: FIELD_MANAGER });
      return;
    }
    const body = nodePatch(found, former, wanted);
    if (body === undefined) return;
    await api.send(nodePath(wanted.node), {
      method: "PATCH",
      body,
      contentType: "application/merge-patch+json",
      query: FIELD_MANAGER,
    });
  });
}

/** Nobody is left who could end these pods in peace, or would ever say that they ended. */
async function endPods(api: NodeApi, node: string): Promise<number> {
  const listed = await api.send("/api/v1/pods", { query: { fieldSelector: `spec.nodeName=${node}` } });
  const pods = listAt(listed, "items");
  await Promise.all(
    pods.map(async (pod) => {
      const [namespace, name] = [textAt(pod, "metadata", "namespace"), textAt(pod, "metadata", "name")];
      if (namespace === undefined || name === undefined) return;
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      await orMissing(api.send(path, { method: "DELETE", query: { gracePeriodSeconds: "0" } }));
    }),
  );
  return pods.length;
}

interface NodeApi {
  send(path: string, options?: Omit<RequestOptions, "signal">): Promise<Json>;
}

/** Repeats the whole work while the API server is away, or when somebody else has written in between. */
async function overApi<T>(
  { kubeconfig, node }: Inputs,
  context: OperationContext,
  verb: string,
  work: (api: NodeApi) => Promise<T>,
): Promise<T> {
  const choice = { context: undefined, cluster: undefined };
  const client = new ApiClient(accessOf(loadKubeconfig(kubeconfig), choice));
  const { signal } = context;
  const seconds = context.timeoutSeconds > 0 ? context.timeoutSeconds : PATIENCE_SECONDS;
  try {
    return await patiently(
      {
        signal,
        deadline: Date.now() + seconds * 1000,
        passes: (error) => isPassing(error) || isConflict(error),
        onRetry: () => {
          context.log.progress(`${node}: the API server does not answer yet`);
        },
      },
      () => work({ send: (path, options = {}) => client.json(path, { ...options, signal }) }),
    );
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new Fault({
      what: `the stack could not ${verb} the node's object`,
      where: `${node}, at ${client.server.host}`,
      cause,
      remedy: "see that the API server answers (kubectl get nodes), then run again",
    });
  } finally {
    client.close();
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Refusal && error.code === 409;
}

async function findNode(api: NodeApi, node: string): Promise<Json | undefined> {
  return orMissing(api.send(nodePath(node)));
}

async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function nodePath(node: string): string {
  return `/api/v1/nodes/${node}`;
}

function parse(inputs: Properties): Inputs {
  return inputsSchema.parse(revealProperties(inputs));
}

function nameIn(inputs: Properties): string {
  const { node = null } = inputs;
  return typeof node === "string" && !containsUnknown(node) ? node : "";
}

function sameInput(left: Properties, right: Properties, key: string): boolean {
  return sameValue(left[key] ?? null, right[key] ?? null);
}

function notImportable(id: string): Fault {
  return new Fault({
    what: "a node's registration cannot be imported",
    where: id,
    remedy: "declare it and run `pulumi up`: a node that is there already is adopted",
  });
}
