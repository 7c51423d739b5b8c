/** Shows that the cluster does what was promised, by asking it. */
import { z } from "zod";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { output, PROJECT } from "./program.ts";

const KUBECTL = join(PROJECT, "bin", "kubectl");

export interface Proof {
  readonly what: string;
  readonly found: string;
  readonly holds: boolean;
}

const nodesSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })) }),
    }),
  ),
});
const phaseSchema = z.object({ status: z.object({ phase: z.string() }) });
const addressSchema = z.array(z.object({ name: z.string(), address: z.string() })).min(1);

export const PAGE = "Hello world";

export async function proveCluster(
  kubeconfig: string,
  outputs: Readonly<Record<string, unknown>>,
): Promise<readonly Proof[]> {
  const kubectl = (...args: string[]): Promise<string> =>
    output(KUBECTL, [`--kubeconfig=${kubeconfig}`, ...args]);
  const nodes = addressSchema.parse(outputs["nodes"]);
  const proofs: Proof[] = [
    await nodesReady(
      kubectl,
      nodes.map(({ name }) => name),
    ),
  ];
  const port = outputs["walkthroughPort"];
  if (typeof port === "number") {
    const phases = ["persistentvolume/task-pv-volume", "persistentvolumeclaim/task-pv-claim"].map((object) =>
      bound(kubectl, object),
    );
    const inside = kubectl("exec", "task-pv-pod", "--", "curl", "--silent", "--show-error", "localhost:8090");
    const outside = nodes.map(async ({ address }) =>
      page(`http://${address}:${port}/`, await fetched(`http://${address}:${port}/`)),
    );
    proofs.push(
      ...(await Promise.all([...phases, inside.then((text) => page("inside the pod", text)), ...outside])),
    );
  }
  return proofs;
}

/** Nodes of the stack: one that was taken out of it may still be known to the cluster. */
async function nodesReady(
  kubectl: (...args: string[]) => Promise<string>,
  expected: readonly string[],
): Promise<Proof> {
  const { items } = nodesSchema.parse(JSON.parse(await kubectl("get", "nodes", "--output=json")));
  const ready = items.filter(
    ({ metadata, status }) =>
      expected.includes(metadata.name) &&
      status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True"),
  );
  return {
    what: "nodes Ready",
    found: `${ready.length} of ${expected.length}: ${ready.map(({ metadata }) => metadata.name).join(", ")}`,
    holds: ready.length === expected.length,
  };
}

async function bound(kubectl: (...args: string[]) => Promise<string>, object: string): Promise<Proof> {
  const { phase } = phaseSchema.parse(JSON.parse(await kubectl("get", object, "--output=json"))).status;
  return { what: object, found: phase, holds: phase === "Bound" };
}

/** How long kube-proxy may take to open a port after its service is there: nothing tells when it has. */
const PORT_PATIENCE_MILLISECONDS = 15_000;

async function fetched(url: string): Promise<string> {
  const deadline = Date.now() + PORT_PATIENCE_MILLISECONDS;
  for (;;) {
    try {
      const reply = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      return await reply.text();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${url} does not answer`, { cause: error });
      await delay(100);
    }
  }
}

function page(where: string, text: string): Proof {
  return { what: `page fetched from ${where}`, found: text.trim(), holds: text.trim() === PAGE };
}

export function proofLines(proofs: readonly Proof[]): string {
  const width = Math.max(...proofs.map(({ what }) => what.length));
  return proofs
    .map(({ what, found, holds }) => `  ${holds ? "✔" : "✘"} ${what.padEnd(width)}  ${found}`)
    .join("\n");
}
