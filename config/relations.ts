/** What must hold between parts of the configuration that are each fine by themselves. */
import { contains, overlaps, parseRange, partAt } from "./network-range.ts";
import { gotText, pathText, type Mistake } from "./mistakes.ts";
import { BUILT_VERSION, type HostConfig, type StackConfig } from "./schema.ts";

/** A configuration of which some hosts may be unusable: they keep their place in the list. */
export type Checkable = Omit<StackConfig, "hosts"> & { readonly hosts: readonly (HostConfig | undefined)[] };

export function relationMistakes(config: Checkable): Mistake[] {
  return [
    ...doubles(config),
    ...quorum(config),
    ...ranges(config),
    ...addresses(config),
    ...podRanges(config),
    ...kubeletFields(config),
    ...versions(config),
    ...workloads(config),
  ];
}

function doubles({ hosts }: Checkable): Mistake[] {
  const seenBefore = (key: "name" | "address"): Mistake[] =>
    hosts.flatMap((host, index) => {
      const first = host === undefined ? index : hosts.findIndex((other) => other?.[key] === host[key]);
      if (host === undefined || first === index) return [];
      return [
        {
          path: `hosts[${index}].${key}`,
          got: JSON.stringify(host[key]),
          allowed: `a ${key} that hosts[${first}] doesn't have`,
        },
      ];
    });
  return [...seenBefore("name"), ...seenBefore("address")];
}

/** etcd runs on the control planes: an even number of members tolerates no more failures than one fewer. */
function quorum({ hosts }: Checkable): Mistake[] {
  const known = hosts.filter((host) => host !== undefined);
  const members = known.filter((host) => host.roles.includes("control-plane")).length;
  if (members % 2 === 1 || known.length !== hosts.length) return [];
  return [
    {
      path: "hosts[*].roles",
      got:
        members === 0
          ? "no host with the role control-plane"
          : `${members} control planes (an even number of etcd members)`,
      allowed: "an odd number of control planes: 1, 3 or 5",
    },
  ];
}

function ranges({ cluster, lab, hosts }: Checkable): Mistake[] {
  const usesLab = hosts.some((host) => host !== undefined && host.machine !== "ssh");
  const named = [
    { path: "cluster.podCidr", text: cluster.podCidr },
    { path: "cluster.serviceCidr", text: cluster.serviceCidr },
    ...(usesLab ? [{ path: "lab.subnet", text: lab.subnet }] : []),
  ];
  return named.flatMap((one, index) =>
    named.slice(index + 1).flatMap((other): Mistake[] => {
      const a = parseRange(one.text);
      const b = parseRange(other.text);
      if (a === undefined || b === undefined || !overlaps(a, b)) return [];
      return [
        {
          path: other.path,
          got: other.text,
          allowed: `a range that doesn't overlap ${one.path} (${one.text})`,
        },
      ];
    }),
  );
}

function addresses({ cluster, hosts, lab }: Checkable): Mistake[] {
  return hosts.flatMap((host, index): Mistake[] => {
    if (host === undefined) return [];
    const path = `hosts[${index}].address`;
    const subnet = parseRange(lab.subnet);
    const mistakes: Mistake[] = [];
    if (host.machine !== "ssh" && subnet !== undefined && !contains(subnet, host.address)) {
      mistakes.push({ path, got: host.address, allowed: `an address of lab.subnet (${lab.subnet})` });
    }
    for (const [key, text] of [
      ["cluster.podCidr", cluster.podCidr],
      ["cluster.serviceCidr", cluster.serviceCidr],
    ] as const) {
      const range = parseRange(text);
      if (range !== undefined && contains(range, host.address)) {
        mistakes.push({ path, got: host.address, allowed: `an address outside ${key} (${text})` });
      }
    }
    return mistakes;
  });
}

function podRanges({ cluster, hosts }: Checkable): Mistake[] {
  const range = parseRange(cluster.podCidr);
  if (range === undefined) return [];
  const numbers = hosts.map((host, index) => host?.number ?? index + 1);
  return hosts.flatMap((_, index): Mistake[] => {
    const path = pathText(["hosts", index, "number"]);
    const number = numbers[index] ?? 0;
    if (numbers.indexOf(number) !== index) {
      return [
        {
          path,
          got: String(number),
          allowed: `a number that hosts[${numbers.indexOf(number)}] doesn't have`,
        },
      ];
    }
    if (partAt(range, cluster.podPrefix, number - 1) === undefined) {
      return [
        {
          path,
          got: String(number),
          allowed: `at most ${2 ** Math.max(0, cluster.podPrefix - range.prefix)}, the parts of /${cluster.podPrefix} in ${cluster.podCidr}`,
        },
      ];
    }
    return [];
  });
}

/** Fields that the plan decides; overriding them would cut the host off from its cluster or open it. */
const RESERVED_KUBELET_FIELDS = [
  "apiVersion",
  "kind",
  "authentication",
  "authorization",
  "clusterDNS",
  "clusterDomain",
  "containerRuntimeEndpoint",
  "readOnlyPort",
  "rotateCertificates",
  "tlsCertFile",
  "tlsPrivateKeyFile",
];

function kubeletFields({ cluster, hosts }: Checkable): Mistake[] {
  const check = (fields: Readonly<Record<string, unknown>>, path: string): Mistake[] =>
    Object.keys(fields)
      .filter((field) => RESERVED_KUBELET_FIELDS.includes(field))
      .map((field) => ({
        path: `${path}.${field}`,
        got: gotText(fields[field], [field]),
        allowed:
          "any KubeletConfiguration field but those the plan decides: " + RESERVED_KUBELET_FIELDS.join(", "),
      }));
  return [
    ...check(cluster.kubelet, "cluster.kubelet"),
    ...hosts.flatMap((host, index) => check(host?.kubelet ?? {}, `hosts[${index}].kubelet`)),
  ];
}

/** Only one version is built here; another one has to be named where it comes from. */
function versions({ cluster, artefacts }: Checkable): Mistake[] {
  const source = artefacts.kubernetes ?? { build: true };
  if (!("build" in source) || cluster.version === BUILT_VERSION) return [];
  return [
    {
      path: "cluster.version",
      got: JSON.stringify(cluster.version),
      allowed: `${JSON.stringify(BUILT_VERSION)}, or another version whose programs artefacts.kubernetes names by url, file or package`,
    },
  ];
}

function workloads({ hosts, images, lab, workloads: wanted }: Checkable): Mistake[] {
  const mistakes: Mistake[] = [];
  const host = wanted.walkthroughHost;
  if (host !== undefined && hosts.every((candidate) => candidate !== undefined && candidate.name !== host)) {
    mistakes.push({
      path: "workloads.walkthroughHost",
      got: JSON.stringify(host),
      allowed: hosts.map((candidate) => JSON.stringify(candidate?.name)).join(", "),
    });
  }
  const needsImages = wanted.walkthrough || wanted.webReplicas > 0 || wanted.examples;
  const labRegistry =
    lab.registry && hosts.some((candidate) => candidate !== undefined && candidate.machine !== "ssh");
  if (needsImages && !labRegistry) {
    for (const key of ["nginx", "shell"] as const) {
      if (images[key] === undefined) {
        mistakes.push({
          path: `images.${key}`,
          got: "nothing",
          allowed: "an image reference, since there is no lab registry to take the workloads' images from",
        });
      }
    }
  }
  return mistakes;
}
