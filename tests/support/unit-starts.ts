/** When units of a host were started, to tell which a run has left alone. */
import type { HostInLab } from "./host-in-lab.ts";

export const CLUSTER_UNITS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "containerd",
  "kubelet",
  "kube-proxy",
  "coredns",
  "metrics-server",
  "rktnetes-pod-network",
] as const;

export async function unitStarts(host: HostInLab): Promise<ReadonlyMap<string, string>> {
  const names = CLUSTER_UNITS.map((name) => `${name}.service`).join(" ");
  const text = await host.run(`systemctl show --property=Id,InvocationID,ActiveState ${names}`);
  return new Map(
    text.split("\n\n").map((block): [string, string] => {
      const fields = new Map(
        block.split("\n").map((line): [string, string] => {
          const at = line.indexOf("=");
          return [line.slice(0, at), line.slice(at + 1)];
        }),
      );
      return [
        (fields.get("Id") ?? "").replace(/\.service$/, ""),
        `${fields.get("ActiveState") ?? ""} ${fields.get("InvocationID") ?? ""}`,
      ];
    }),
  );
}

export function startedBetween(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  return [...after.keys()].filter((name) => before.get(name) !== after.get(name)).sort();
}
