/**
 * The configuration of a stack. Each top-level key here is a key of the `rktnetes:` namespace; Pulumi.yaml
 * documents the same keys for `pulumi config`.
 */
import { z } from "zod";
import { addressNumber, parseRange } from "./network-range.ts";

/** Kubernetes minors this project's flags and files are written for. */
export const SUPPORTED_MINORS = ["1.35", "1.36"] as const;

/** The version that `build` gives; tools/go/kubernetes pins it. */
export const BUILT_VERSION = "v1.36.3";

const dnsLabel = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "a DNS label: lower-case letters, digits and - (at most 63)",
  );
const address = z
  .string()
  .refine((text) => addressNumber(text) !== undefined, "an IPv4 address, as in 10.0.0.11");
const range = z
  .string()
  .refine(
    (text) => parseRange(text) !== undefined,
    "an IPv4 range that starts at its network address, as in 10.0.0.0/16",
  );
const label = z.record(z.string(), z.string());

const sshSchema = z.strictObject({
  port: z.int().min(1).max(65535).optional(),
  user: z.string().min(1).optional(),
  hostKeys: z.array(z.string().min(1)).optional(),
  trustOnFirstUse: z.boolean().optional(),
  privateKey: z.string().optional(),
  keyFile: z.string().optional(),
  passphrase: z.string().optional(),
  agent: z.string().optional(),
  deadlineSeconds: z.number().min(1).max(3600).optional(),
});

const taintSchema = z.strictObject({
  key: z.string().min(1),
  value: z.string().default(""),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});

export const hostSchema = z.strictObject({
  name: dnsLabel,
  machine: z.enum(["nspawn", "kvm", "ssh"]),
  address,
  roles: z
    .array(z.enum(["control-plane", "worker"]))
    .min(1)
    .default(["worker"]),
  /** Tells which part of podCidr this host's pods get. By default its place in the list, counted from 1. */
  number: z.int().min(1).optional(),
  release: z.enum(["trixie", "bookworm"]).default("trixie"),
  memoryMiB: z.int().min(1024).default(4096),
  cpus: z.int().min(1).default(2),
  ssh: sshSchema.default({}),
  labels: label.default({}),
  taints: z.array(taintSchema).default([]),
  /** Fields of this host's KubeletConfiguration that differ from the cluster's. */
  kubelet: z.record(z.string(), z.unknown()).default({}),
  /** The machine is a container (LXC, systemd-nspawn): it may not set its kernel. By default so for nspawn. */
  sharedKernel: z.boolean().optional(),
  /** The machine is gone for good: it is taken out of the stack without being reached. */
  abandon: z.boolean().default(false),
});

export const clusterSchema = z.strictObject({
  name: dnsLabel.default("dev"),
  version: z
    .string()
    .regex(/^v\d+\.\d+\.\d+$/, "a version, as in v1.36.3")
    .refine(
      (text) => SUPPORTED_MINORS.some((minor) => text.startsWith(`v${minor}.`)),
      `a version of ${SUPPORTED_MINORS.join(" or ")}`,
    )
    .default(BUILT_VERSION),
  domain: z
    .string()
    .regex(/^[a-z0-9.-]+$/, "a DNS domain")
    .default("cluster.local"),
  podCidr: range.default("10.244.0.0/16"),
  podPrefix: z.int().min(20).max(28).default(24),
  serviceCidr: range.default("10.96.0.0/16"),
  runtime: z.enum(["containerd"]).default("containerd"),
  /** Name or address under which clients reach the API server; by default the first control plane's address. */
  endpoint: z.string().min(1).optional(),
  /** Fields of every host's KubeletConfiguration. */
  kubelet: z.record(z.string(), z.unknown()).default({}),
  /** Days for which certificates of components are issued; they are renewed by an `up` before they end. */
  certificateDays: z.int().min(2).max(825).default(365),
});

const checksum = {
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  sha512: z
    .string()
    .regex(/^[0-9a-f]{128}$/)
    .optional(),
};

/** Where an outside program comes from. */
export const artefactSchema = z.union(
  [
    z.strictObject({ build: z.literal(true) }),
    z
      .strictObject({ url: z.url({ protocol: /^https?$/ }), ...checksum, member: z.string().optional() })
      .refine((source) => source.sha256 !== undefined || source.sha512 !== undefined),
    z.strictObject({ file: z.string().min(1), ...checksum }),
    z.strictObject({
      package: z.string().regex(/^[a-z0-9][a-z0-9+.-]*$/),
      version: z.string().default(""),
      path: z.string().startsWith("/"),
    }),
  ],
  "{build: true}, {url, sha256 or sha512}, {file} or {package, path}",
);

export const ARTEFACTS = [
  "kubernetes",
  "coredns",
  "containerd",
  "containerd-shim-runc-v2",
  "ctr",
  "crictl",
  "cni-ptp",
  "cni-host-local",
  "cni-portmap",
  "cni-bandwidth",
  "cni-loopback",
  "pause-image",
] as const;

export const registrySchema = z.strictObject({
  /** Base address the images are really fetched from, as in http://10.0.0.1:5000. */
  server: z.url({ protocol: /^https?$/ }),
  username: z.string().optional(),
  password: z.string().optional(),
  /** PEM certificate of the registry's authority. */
  ca: z.string().optional(),
});

export const imagesSchema = z.strictObject({
  /** Image of the walk-through pod; by default the lab's own, built from Debian's nginx. */
  nginx: z.string().optional(),
  shell: z.string().optional(),
  /** Registries by the name that image references use; `*` is the mirror for all. */
  registries: z.record(z.string(), registrySchema).default({}),
});

const fingerprint = z.string().regex(/^[0-9a-fA-F]{40}$/, "a fingerprint: 40 hexadecimal digits");

export const engineSchema = z.strictObject({
  /** Whether hosts get the engine of the rkt model. */
  install: z.boolean().default(false),
  /** A package made elsewhere; by default the one of `make package`. */
  package: z
    .strictObject({
      file: z.string().min(1).optional(),
      signature: z.string().min(1).optional(),
      url: z.url({ protocol: /^https?$/ }).optional(),
      signatureUrl: z.url({ protocol: /^https?$/ }).optional(),
      key: z.string().min(1),
      fingerprint,
      sha256: checksum.sha256,
      /** Upstream's rkt, which nobody maintains. */
      historical: z.boolean().default(false),
    })
    .refine(({ file, url }) => (file === undefined) !== (url === undefined), {
      error: "either file, with its signature beside it, or url",
    })
    .refine(({ file, signature }) => (file === undefined) === (signature === undefined), {
      path: ["signature"],
      error: "the signature of a file; a url has its signature at signatureUrl",
    })
    .refine(({ url, signatureUrl }) => url !== undefined || signatureUrl === undefined, {
      path: ["signatureUrl"],
      error: "the signature of a url; a file has its signature in a file",
    })
    .refine(({ url, sha256 }) => url === undefined || sha256 !== undefined, {
      path: ["sha256"],
      error: "the sha256 of what the url gives",
    })
    .refine((source) => !source.historical || source.sha256 !== undefined, {
      path: ["sha256"],
      error: "the sha256 of upstream's package, whose key is history",
    })
    .optional(),
  trustedKeys: z
    .array(
      z.strictObject({
        key: z.string().includes("PGP PUBLIC KEY BLOCK", { error: "an armored public key" }),
        fingerprint,
        prefix: z
          .string()
          .regex(/^[a-z0-9]+([-._~/][a-z0-9]+)*$/, "the beginning of image names, as in example.com/team")
          .optional(),
      }),
    )
    .default([]),
  credentials: z
    .array(
      z.strictObject({
        name: dnsLabel,
        domains: z.array(z.string().min(1)).default([]),
        registries: z.array(z.string().min(1)).default([]),
        username: z.string().min(1),
        password: z.string().min(1),
      }),
    )
    .default([]),
  networks: z.record(dnsLabel, z.record(z.string(), z.unknown())).default({}),
  stage1: z
    .strictObject({
      name: z.string().optional(),
      version: z.string().optional(),
      location: z.string().optional(),
    })
    .refine(({ name, version }) => (name === undefined) === (version === undefined), {
      error: "name and version together, or neither",
    })
    .optional(),
  /** Where pods and images lie; by default /var/lib/rkt. */
  data: z
    .string()
    .regex(/^\/[^\0\n]*$/, "an absolute path")
    .optional(),
  collectGarbage: z.boolean().default(true),
});

export const labSchema = z.strictObject({
  subnet: range.default("10.77.0.0/24"),
  registry: z.boolean().default(true),
});

export const workloadsSchema = z.strictObject({
  /** The storage walk-through: a page on a host, a volume, a claim and nginx. */
  walkthrough: z.boolean().default(false),
  /** Host that keeps the page; by default the first worker. */
  walkthroughHost: z.string().optional(),
  /** Replicas of the web service; 0 for none. */
  webReplicas: z.int().min(0).max(250).default(0),
  walkthroughNodePort: z.int().min(30000).max(32767).default(30090),
  webNodePort: z.int().min(30000).max(32767).default(30080),
  /** ReplicationController, DaemonSet and Job. */
  examples: z.boolean().default(false),
});

export const stackSchema = z.strictObject({
  cluster: clusterSchema.prefault({}),
  hosts: z.array(hostSchema).min(1, "at least one host"),
  lab: labSchema.prefault({}),
  artefacts: z.partialRecord(z.enum(ARTEFACTS), artefactSchema).default({}),
  images: imagesSchema.prefault({}),
  engine: engineSchema.prefault({}),
  workloads: workloadsSchema.prefault({}),
});

export type StackConfig = z.infer<typeof stackSchema>;
export type HostConfig = z.infer<typeof hostSchema>;
export type ClusterConfig = z.infer<typeof clusterSchema>;
export type ArtefactName = (typeof ARTEFACTS)[number];
export type ArtefactSource = z.infer<typeof artefactSchema>;
export type EngineConfig = StackConfig["engine"];
export type Registry = z.infer<typeof registrySchema>;
